// Where things are in a folder in the layout of 3D-R2N2's ShapeNet:
//   root/dataset.json                                       the taxonomy (taxonomy.h)
//   root/ShapeNetRendering/<taxonomy>/<object>/rendering/   00.png, 01.png, ...
//   root/ShapeNetVox32/<taxonomy>/<object>/model.binvox
// Where there is no ShapeNetVox32, the only folder whose name begins with ShapeNetVox is taken.
// A view's number is its place among the folder's .png, .jpg and .jpeg files, shorter names first,
// then in the order of their bytes (so both 2, 10 and 02, 10 are in order). Where renderings.txt is
// there (a name per line), only files that it names are views. Hidden files and what accompanies a
// view (00_mask.png, 00-depth.png beside 00.png) never are.
// Errors: DataError that names the missing path and shows the layout.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "voxels/grid/grid.h"
#include "voxels/image/image.h"

namespace voxgrad {

/// The layout above in a few lines, for messages.
std::string shapenet_layout(const std::filesystem::path& root);

struct ShapeNetFolders {
  std::filesystem::path taxonomy, renderings, volumes;
};

/// Checks that the folders exist. `taxonomy` is root/dataset.json if the given path is empty.
ShapeNetFolders find_shapenet_folders(const std::filesystem::path& root,
                                      const std::filesystem::path& taxonomy);

/// The files of one object. `views` is empty if its folder has none or does not exist.
struct ShapeNetFiles {
  std::filesystem::path rendering, volume;
  std::vector<std::string> views;  // file names in `rendering`, in order
  bool has_volume = false;

  bool complete() const { return has_volume && !views.empty(); }
  /// The first path that should be there and is not; empty if complete.
  std::filesystem::path first_missing() const;
};

/// The names in rendering/renderings.txt; empty if there is none. Error if it cannot be read.
std::vector<std::string> listed_renderings(const std::filesystem::path& rendering);

ShapeNetFiles find_shapenet_files(const ShapeNetFolders& folders, const std::string& taxonomy_id,
                                  const std::string& object_id);

/// read_image (lenient: as with warnings, which are dropped) and read_binvox (voxels/) with their
/// errors as DataError.
Image read_view(const std::filesystem::path& file, bool lenient = false);
VoxelGrid read_volume(const std::filesystem::path& file);

}  // namespace voxgrad
