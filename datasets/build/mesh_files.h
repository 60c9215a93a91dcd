// The mesh files and furniture libraries below a folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace voxgrad {

/// Something that was passed over, and why.
struct PassedOver {
  std::string name, reason;
};

struct MeshFiles {
  std::vector<std::filesystem::path> files;  // relative to the folder, in order of their names
  std::vector<PassedOver> passed_over;       // loops, broken links, folders that cannot be read
};

/// Meshes (is_mesh_file) and .sh3f files at any depth. Names that begin with a dot are passed over.
/// Links are followed, but no file or folder is visited twice: of a folder and a link to it the
/// folder counts, and a loop ends. Error if `root` itself cannot be read.
MeshFiles find_mesh_files(const std::filesystem::path& root);

}  // namespace voxgrad
