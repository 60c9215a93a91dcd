#include "datasets/build/mesh_sources.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "datasets/build/furniture_classes.h"
#include "datasets/build/plain_name.h"
#include "datasets/build/sweethome.h"
#include "io/file.h"
#include "tensor/error.h"
#include "voxels/mesh/mesh_reader.h"
#include "voxels/mesh/mesh_text.h"

namespace voxgrad {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_manifest_bytes = std::size_t{64} << 20;

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

std::string joined(const fs::path& path) {
  return plain_name(fs::path(path).replace_extension().generic_string());
}

// `path` without its first folder, if it has one.
fs::path below_first(const fs::path& path) {
  if (!path.has_parent_path()) return path;
  fs::path rest;
  for (auto piece = std::next(path.begin()); piece != path.end(); ++piece) rest /= *piece;
  return rest;
}

std::string split_named(const std::string& folder) {
  const std::string name = lower_case(folder);
  if (name == "train" || name == "test" || name == "val") return name;
  return name == "validation" || name == "valid" ? "val" : "";
}

// A mesh whose category is told by a folder or a manifest; `path` without it makes the id.
MeshSource from_file(const fs::path& root, const fs::path& file, const std::string& category,
                     const fs::path& path) {
  MeshSource source;
  source.category = category;
  source.id = joined(path);
  source.name = file.generic_string();
  source.title = file.stem().string();
  source.load = [full = root / file] { return read_mesh(full); };
  return source;
}

// The text of a manifest from any editor: byte-order mark, line ends.
std::string manifest_text(const fs::path& manifest) {
  const std::vector<std::uint8_t> bytes = read_file(manifest, max_manifest_bytes);
  try {
    return std::string(mesh_text(bytes, manifest.string()));
  } catch (const Error&) {
    fail<DataError>("[build] ", manifest.string(), ": text in UTF-16; save it as UTF-8");
  }
}

class Manifest {
 public:
  Manifest(const fs::path& root, MeshSources& sources)
      : root_(root), file_(root / "manifest.tsv"), sources_(sources) {}

  void read() {
    const std::string text = manifest_text(file_);
    std::string_view rest = text;
    read_header(take_line(rest));
    while (!rest.empty()) {
      ++number_;
      const std::string_view line = take_line(rest);
      if (!trimmed(line).empty()) add_row(split_at(std::string(line), '\t'));
    }
  }

 private:
  void read_header(std::string_view line) {
    const std::vector<std::string> header = split_at(std::string(line), '\t');
    for (std::size_t i = 0; i < header.size(); ++i) {
      column_[std::string(trimmed(header[i]))] = i;
    }
    n_columns_ = header.size();
    check<DataError>(column_.contains("file") && column_.contains("category"), "[build] ",
                     file_.string(), ": the first line must name the columns, with 'file' and ",
                     "'category' among them, separated by tabs");
  }

  template <class... Parts>
  void require(bool condition, const Parts&... parts) const {
    check<DataError>(condition, "[build] ", file_.string(), ", line ", number_, ": ", parts...);
  }

  void add_row(const std::vector<std::string>& cells) {
    require(cells.size() == n_columns_, cells.size(), " columns, the first line has ", n_columns_);
    const auto cell = [&](const std::string& name) {
      const auto found = column_.find(name);
      return found == column_.end() ? std::string() : std::string(trimmed(cells[found->second]));
    };
    std::string name = cell("file");
    if (!fs::exists(root_ / name)) std::replace(name.begin(), name.end(), '\\', '/');
    const fs::path file = fs::path(name).lexically_normal();
    require(!file.empty() && file.is_relative() && *file.begin() != "..", "'", cell("file"),
            "' is not a path inside the manifest's folder");
    const auto [first, is_new] = lines_.try_emplace(file.generic_string(), number_);
    require(is_new, "it names ", file.generic_string(), ", as line ", first->second,
            " does: a file may have one row only");
    require(!cell("category").empty(), "no category");
    MeshSource source = from_file(root_, file, cell("category"), below_first(file));
    source.split = cell("split");
    require(source.split.empty() || source.split == "train" || source.split == "val" ||
                source.split == "test",
            "split '", source.split, "' is none of train, val, test");
    source.group = cell("group");
    source.licence = cell("licence");
    source.author = cell("author");
    if (!cell("title").empty()) source.title = cell("title");
    source.source = cell("source");
    sources_.objects.push_back(std::move(source));
  }

  fs::path root_, file_;
  MeshSources& sources_;
  std::map<std::string, std::size_t> column_;
  std::size_t n_columns_ = 0;
  std::map<std::string, int> lines_;  // of each file
  int number_ = 1;
};

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

int depth(const fs::path& path) {
  return int(std::distance(path.begin(), path.end()));
}

// CATEGORY/SPLIT/... (1: at this place the split stands), SPLIT/CATEGORY/... (0), or neither (-1).
// A folder may be called "test" for other reasons: train and test must both be there, and all
// meshes in folders of such names.
int place_of_split(const std::vector<fs::path>& files) {
  for (const int place : {0, 1}) {
    std::set<std::string> splits;
    const bool all = std::all_of(files.begin(), files.end(), [&](const fs::path& file) {
      if (depth(file) < place + 2) return false;
      const std::string split = split_named(std::next(file.begin(), place)->string());
      splits.insert(split);
      return !split.empty();
    });
    const bool deep = place == 1 || std::all_of(files.begin(), files.end(),
                                                [](const fs::path& f) { return depth(f) >= 3; });
    if (all && deep && splits.contains("train") && splits.contains("test")) return place;
  }
  return -1;
}

void add_meshes(const fs::path& root, const std::vector<fs::path>& files, MeshSources& sources) {
  const int split_place = place_of_split(files);
  for (const fs::path& file : files) {
    if (split_place < 0) {
      const bool bare = !file.has_parent_path();
      sources.objects.push_back(
          from_file(root, file, bare ? "object" : file.begin()->string(), below_first(file)));
      continue;
    }
    const fs::path folders[] = {*file.begin(), *std::next(file.begin())};
    MeshSource source =
        from_file(root, file, folders[1 - split_place].string(), below_first(below_first(file)));
    source.split = split_named(folders[split_place].string());
    sources.objects.push_back(std::move(source));
  }
  if (split_place >= 0) {
    sources.notes.push_back("the split is that of the folders train, test and val");
  }
  const bool all_deep = std::all_of(files.begin(), files.end(),
                                    [](const fs::path& file) { return depth(file) >= 4; });
  const bool one_category = std::all_of(files.begin(), files.end(), [&](const fs::path& file) {
    return *file.begin() == *files.front().begin();
  });
  if (split_place < 0 && !files.empty() && all_deep && one_category) {
    sources.notes.push_back(concat("all meshes are in one category, '",
                                   files.front().begin()->string(),
                                   "', several folders deep; if its folders are the categories, ",
                                   "give --meshes ", (root / *files.front().begin()).string()));
  }
}

void add_folder(const fs::path& root, MeshSources& sources) {
  MeshFiles found = find_mesh_files(root);
  std::vector<fs::path> meshes;
  for (const fs::path& file : found.files) {
    if (file.extension() == ".sh3f") {
      add_library(root / file, sources);
    } else {
      meshes.push_back(file);
    }
  }
  add_meshes(root, meshes, sources);
  sources.passed_over = std::move(found.passed_over);
}

// Categories get plain names. Two that would get the same one are refused: they must not be mixed.
void name_categories(MeshSources& sources) {
  std::map<std::string, std::string> full_names;
  for (MeshSource& object : sources.objects) {
    const std::string plain = plain_name(object.category);
    const auto [known, is_new] = full_names.try_emplace(plain, object.category);
    check<DataError>(known->second == object.category, "[build] the categories '", known->second,
                     "' and '", object.category, "' would both be called '", plain,
                     "'; rename one of them");
    if (is_new && plain != object.category) {
      sources.renamed.push_back(concat("category '", object.category, "' is ", plain));
    }
    object.category = plain;
  }
}

// Files that differ only in their suffix, or in characters that a plain name cannot hold.
void make_ids_unique(MeshSources& sources) {
  std::set<std::pair<std::string, std::string>> taken;
  for (MeshSource& object : sources.objects) {
    const std::string wanted = object.id;
    for (int copy = 2; !taken.insert({object.category, object.id}).second; ++copy) {
      object.id = concat(wanted, "-", copy);
    }
    if (object.id != wanted) {
      sources.renamed.push_back(concat(object.name, " is ", object.category, "/", object.id));
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
    Manifest(meshes, sources).read();
  } else {
    add_folder(meshes, sources);
  }
  std::string passed_over;
  for (const PassedOver& item : sources.passed_over) {
    if (passed_over.size() < 500) passed_over += concat("\n  ", item.name, ": ", item.reason);
  }
  check<DataError>(!sources.objects.empty(), "[build] ", meshes.string(),
                   ": no mesh; expected manifest.tsv, or CATEGORY/NAME.obj (.off .ply .stl .glb ",
                   ".gltf .dae), or .sh3f libraries", passed_over);
  name_categories(sources);
  const auto order = [](const MeshSource& a, const MeshSource& b) {
    return std::tie(a.category, a.id, a.name) < std::tie(b.category, b.id, b.name);
  };
  std::sort(sources.objects.begin(), sources.objects.end(), order);
  std::sort(sources.left_out.begin(), sources.left_out.end());
  make_ids_unique(sources);
  return sources;
}

}  // namespace voxgrad
