// Taxonomy: the categories of a data set and the objects of its splits, in the JSON form that
// 3D-R2N2 and Pix2Vox published:
//   [{"taxonomy_id": "03001627", "taxonomy_name": "chair",
//     "train": ["1006be65e7bc937e9141f9b58470d646", ...], "val": [...], "test": [...]}, ...]
// A split may be absent (it is then empty); "baseline" (published figures) is passed over.
// Refused with a DataError that names the file: files over 64 MiB, nesting deeper than 8, duplicate
// or unknown keys, duplicate categories, an object listed twice in a category, and ids that are not
// plain names of a folder (empty, over 255 bytes, with '/', '\', control characters, or "..").
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace voxgrad {

struct Category {
  std::string taxonomy_id, taxonomy_name;
  std::vector<std::string> train, val, test;  // object ids

  /// The list of "train", "val" or "test"; ConfigError for any other name.
  const std::vector<std::string>& objects(std::string_view split) const;
};

using Taxonomy = std::vector<Category>;

Taxonomy read_taxonomy(const std::filesystem::path& file);
/// The same from memory; `name` stands in the messages.
Taxonomy parse_taxonomy(std::string_view json, const std::string& name);
/// To a temporary file first, then renamed. Checks what read_taxonomy checks.
void write_taxonomy(const Taxonomy& taxonomy, const std::filesystem::path& file);

}  // namespace voxgrad
