#include "datasets/build/sweethome.h"

#include <cmath>
#include <sstream>

#include "tensor/error.h"
#include "voxels/mesh/mesh_reader.h"

namespace voxgrad {
namespace {

constexpr std::size_t max_catalogue_bytes = std::size_t{16} << 20;
constexpr int max_entries = 100'000;

std::array<double, 9> parse_rotation(const std::string& text, const std::string& where) {
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  std::array<double, 9> rotation;
  for (double& value : rotation) {
    check(bool(in >> value) && std::isfinite(value) && std::abs(value) < 1000, "[sweet home] ",
          where, ": modelRotation needs 9 numbers, got '", text, "'");
  }
  return rotation;
}

}  // namespace

FurnitureLibrary::FurnitureLibrary(const std::filesystem::path& file)
    : file_(file), archive_(file) {
  const auto bytes = archive_.read("PluginFurnitureCatalog.properties", max_catalogue_bytes);
  check(bytes.has_value(), "[sweet home] ", file.string(),
        ": no PluginFurnitureCatalog.properties inside; is it a furniture library?");
  const auto properties =
      parse_properties({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
  const auto value = [&](const std::string& key) {
    const auto found = properties.find(key);
    return found == properties.end() ? std::string() : found->second;
  };
  const std::string licence = value("license");
  for (int number = 1; number <= max_entries; ++number) {
    const std::string suffix = concat("#", number);
    if (!properties.contains("name" + suffix)) break;
    FurnitureEntry entry;
    entry.name = value("name" + suffix);
    entry.id = value("id" + suffix);
    entry.category = value("category" + suffix);
    entry.creator = value("creator" + suffix);
    entry.licence = properties.contains("license" + suffix) ? value("license" + suffix) : licence;
    entry.model = value("model" + suffix);
    entry.door_or_window = value("doorOrWindow" + suffix) == "true";
    if (const std::string rotation = value("modelRotation" + suffix); !rotation.empty()) {
      entry.rotation = parse_rotation(rotation, concat(file.string(), ", entry ", suffix));
    }
    while (entry.model.starts_with('/')) entry.model.erase(0, 1);
    if (!entry.name.empty() && !entry.model.empty()) entries_.push_back(std::move(entry));
  }
  check(!entries_.empty(), "[sweet home] ", file.string(), ": the catalogue has no entry");
}

Mesh FurnitureLibrary::mesh(const FurnitureEntry& entry) const {
  const FileLookup lookup = [this](const std::string& path) {
    return archive_.read(path, max_mesh_file_bytes);
  };
  Mesh mesh = read_mesh(entry.model, lookup, file_.string() + ":" + entry.model);
  const auto& r = entry.rotation;
  for (Vec3& v : mesh.vertices) {
    v = {r[0] * v[0] + r[1] * v[1] + r[2] * v[2], r[3] * v[0] + r[4] * v[1] + r[5] * v[2],
         r[6] * v[0] + r[7] * v[1] + r[8] * v[2]};
  }
  return mesh;
}

}  // namespace voxgrad
