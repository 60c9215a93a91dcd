// Furniture libraries of Sweet Home 3D (.sh3f): a ZIP archive with a catalogue
// (PluginFurnitureCatalog.properties, a Java properties file with keys such as name#12) and OBJ
// models. Debian has five of them in the package sweethome3d-furniture.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/zip_archive.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad {

struct FurnitureEntry {
  std::string id, name, category, creator, licence;
  std::string model;                                          // path inside the archive
  std::array<double, 9> rotation{1, 0, 0, 0, 1, 0, 0, 0, 1};  // row by row, from model to room
  bool door_or_window = false;
};

class FurnitureLibrary {
 public:
  /// Error if the file is not a ZIP archive, has no catalogue, or one without an entry.
  explicit FurnitureLibrary(const std::filesystem::path& file);

  /// Entries that have a name and a model, in the order of their numbers.
  const std::vector<FurnitureEntry>& entries() const { return entries_; }
  /// The entry's model, rotated as the catalogue says; y is up, the front faces +z. Safe from
  /// several threads. Error if the model is missing or not understood.
  Mesh mesh(const FurnitureEntry& entry) const;

 private:
  std::filesystem::path file_;
  ZipArchive archive_;
  std::vector<FurnitureEntry> entries_;
};

/// Keys and values of a Java properties file (ISO 8859-1 with \uXXXX and the other escapes, joined
/// continuation lines), as UTF-8.
std::map<std::string, std::string> parse_properties(std::string_view text);

}  // namespace voxgrad
