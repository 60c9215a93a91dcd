#include "datasets/build/mesh_sources.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "datasets/build/furniture_classes.h"
#include "datasets/build/sweethome.h"
#include "io/file.h"
#include "tensor/error.h"
#include "voxels/mesh/mesh_reader.h"

namespace voxgrad {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_manifest_bytes = std::size_t{64} << 20;

// A plain name for a file or folder: other characters become '-'.
std::string plain_name(const std::string& text) {
  std::string name;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || (c == '.' && !name.empty());
    name += plain ? c : '-';
  }
  return name.substr(0, 200);
}

std::vector<std::string> split_at(const std::string& text, char separator) {
  std::vector<std::string> pieces(1);
  for (const char c : text) {
    if (c == separator) {
      pieces.emplace_back();
    } else {
      pieces.back() += c;
    }
  }
  return pieces;
}

// `file` without its suffix and without the folder of its category.
std::string id_of(const fs::path& file) {
  fs::path rest;
  int depth = 0;
  for (const fs::path& piece : file) {
    if (depth++ > 0 || !file.has_parent_path()) rest /= piece;
  }
  return plain_name(rest.replace_extension().generic_string());
}

MeshSource from_file(const fs::path& root, const fs::path& file, const std::string& category) {
  MeshSource source;
  source.category = plain_name(category);
  source.id = id_of(file);
  source.name = file.generic_string();
  source.title = file.stem().string();
  source.load = [path = root / file] { return read_mesh(path); };
  return source;
}

void add_manifest(const fs::path& root, MeshSources& sources) {
  const fs::path manifest = root / "manifest.tsv";
  const std::vector<std::uint8_t> bytes = read_file(manifest, max_manifest_bytes);
  std::string text(bytes.begin(), bytes.end());
  std::erase(text, '\r');
  const std::vector<std::string> lines = split_at(text, '\n');
  std::map<std::string, std::size_t> column;
  const std::vector<std::string> header = split_at(lines[0], '\t');
  for (std::size_t i = 0; i < header.size(); ++i) column[header[i]] = i;
  check<DataError>(column.contains("file") && column.contains("category"), "[build] ",
                   manifest.string(), ": the first line must name the columns, with 'file' and ",
                   "'category' among them, separated by tabs");
  for (std::size_t number = 1; number < lines.size(); ++number) {
    if (lines[number].empty()) continue;
    const std::vector<std::string> cells = split_at(lines[number], '\t');
    const auto where = [&] { return concat(manifest.string(), ", line ", number + 1); };
    check<DataError>(cells.size() == header.size(), "[build] ", where(), ": ", cells.size(),
                     " columns, the first line has ", header.size());
    const auto cell = [&](const std::string& name) {
      return column.contains(name) ? cells[column[name]] : std::string();
    };
    const fs::path file = fs::path(cell("file")).lexically_normal();
    check<DataError>(!file.empty() && file.is_relative() && *file.begin() != "..", "[build] ",
                     where(), ": '", cell("file"), "' is not a path inside the manifest's folder");
    check<DataError>(!cell("category").empty(), "[build] ", where(), ": no category");
    MeshSource source = from_file(root, file, cell("category"));
    source.split = cell("split");
    check<DataError>(source.split.empty() || source.split == "train" || source.split == "val" ||
                         source.split == "test",
                     "[build] ", where(), ": split '", source.split,
                     "' is none of train, val, test");
    source.group = cell("group");
    source.licence = cell("licence");
    source.author = cell("author");
    if (!cell("title").empty()) source.title = cell("title");
    source.source = cell("source");
    sources.objects.push_back(std::move(source));
  }
}

void add_library(const fs::path& file, MeshSources& sources) {
  const auto library = std::make_shared<FurnitureLibrary>(file);
  const std::string stem = file.stem().string();
  for (const FurnitureEntry& entry : library->entries()) {
    const auto category = furniture_class(entry.category, entry.name);
    const std::string name = concat(file.filename().string(), ":", entry.model);
    if (entry.door_or_window || !category) {
      sources.left_out.push_back(concat(name, " (", entry.name, ")"));
      continue;
    }
    MeshSource source;
    source.category = *category;
    source.id = plain_name(concat(stem, "-", fs::path(entry.model).stem().string()));
    source.licence = entry.licence;
    source.author = entry.creator;
    source.title = entry.name;
    source.source = concat("Sweet Home 3D, ", file.filename().string());
    source.name = name;
    source.load = [library, entry] { return library->mesh(entry); };
    sources.objects.push_back(std::move(source));
  }
}

void add_folder(const fs::path& root, MeshSources& sources) {
  for (const auto& item : fs::recursive_directory_iterator(root)) {
    if (!item.is_regular_file()) continue;
    const fs::path file = item.path().lexically_relative(root);
    if (file.extension() == ".sh3f") {
      add_library(item.path(), sources);
    } else if (is_mesh_file(file)) {
      const std::string category = file.has_parent_path() ? file.begin()->string() : "object";
      sources.objects.push_back(from_file(root, file, category));
    }
  }
}

// Files that differ only in their suffix, or in characters that a plain name cannot hold.
void make_ids_unique(std::vector<MeshSource>& objects) {
  std::set<std::pair<std::string, std::string>> taken;
  for (MeshSource& object : objects) {
    const std::string wanted = object.id;
    for (int copy = 2; !taken.insert({object.category, object.id}).second; ++copy) {
      object.id = concat(wanted, "-", copy);
    }
  }
}

}  // namespace

MeshSources list_mesh_sources(const fs::path& meshes) {
  check<DataError>(fs::exists(meshes), "[build] ", meshes.string(),
                   ": no such file or folder; give a folder of meshes or a .sh3f library");
  MeshSources sources;
  if (!fs::is_directory(meshes)) {
    add_library(meshes, sources);
  } else if (fs::exists(meshes / "manifest.tsv")) {
    add_manifest(meshes, sources);
  } else {
    add_folder(meshes, sources);
  }
  check<DataError>(!sources.objects.empty(), "[build] ", meshes.string(),
                   ": no mesh; expected manifest.tsv, or CATEGORY/NAME.obj (.off .ply .stl .glb ",
                   ".gltf .dae), or .sh3f libraries");
  const auto order = [](const MeshSource& a, const MeshSource& b) {
    return std::tie(a.category, a.id, a.name) < std::tie(b.category, b.id, b.name);
  };
  std::sort(sources.objects.begin(), sources.objects.end(), order);
  std::sort(sources.left_out.begin(), sources.left_out.end());
  make_ids_unique(sources.objects);
  return sources;
}

}  // namespace voxgrad
