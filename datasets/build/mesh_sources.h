// Where the builder's objects come from:
//   - a folder with manifest.tsv: tab-separated, the first line names the columns. `file` (relative
//     to the folder) and `category` are needed; split (train, val, test), group, licence, author,
//     title and source are optional, others are passed over;
//   - a folder without: every mesh in a sub-folder, whose name is the category, and every .sh3f;
//   - a Sweet Home 3D furniture library (.sh3f): entries whose names tell a class
//     (furniture_classes.h).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "voxels/mesh/mesh.h"

namespace voxgrad {

struct MeshSource {
  std::string category;  // also the taxonomy id: letters, digits, '.', '_' and '-'
  std::string id;        // unique in its category, of the same characters
  std::string split;     // train, val, test, or empty
  std::string group;     // objects of one group share a split; empty: none given
  std::string licence, author, title, source;
  std::string name;            // for messages
  std::function<Mesh()> load;  // safe from several threads
};

struct MeshSources {
  std::vector<MeshSource> objects;    // ordered by category and id
  std::vector<std::string> left_out;  // names of catalogue entries that belong to no class
};

/// DataError if the path does not exist, holds no mesh, or its manifest is wrong.
MeshSources list_mesh_sources(const std::filesystem::path& meshes);

}  // namespace voxgrad
