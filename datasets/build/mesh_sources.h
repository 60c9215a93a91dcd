// Where the builder's objects come from:
//   - a folder with manifest.tsv: tab-separated, the first line names the columns. `file` (relative
//     to the folder) and `category` are needed; split (train, val, test), group, licence, author,
//     title and source are optional, others are passed over. No file may be named twice;
//   - a folder without: every mesh in a sub-folder, whose name is the category, and every .sh3f.
//     Folders train, test and val (validation, valid) in a category, as in ModelNet, or above the
//     categories give the split;
//   - a Sweet Home 3D furniture library (.sh3f): entries whose names tell a class
//     (furniture_classes.h).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "datasets/build/mesh_files.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad {

struct MeshSource {
  std::string category;  // also the taxonomy id (plain_name.h)
  std::string id;        // unique in its category
  std::string split;     // train, val, test, or empty
  std::string group;     // objects of one group share a split; empty: none given
  std::string licence, author, title, source;
  std::string name;            // for messages
  std::function<Mesh()> load;  // safe from several threads
};

struct MeshSources {
  std::vector<MeshSource> objects;    // ordered by category and id
  std::vector<std::string> left_out;  // names of catalogue entries that belong to no class
  std::vector<PassedOver> passed_over;
  std::vector<std::string> renamed;  // "NAME is CATEGORY/ID", where a name was taken or not plain
  std::vector<std::string> notes;    // what a person may want to know about the folder's layout
};

/// DataError if the path does not exist, holds no mesh, its manifest is wrong, or two categories
/// would get one name.
MeshSources list_mesh_sources(const std::filesystem::path& meshes);

}  // namespace voxgrad
