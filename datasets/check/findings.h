// What `dataset check` sees in one object's volume and picture.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "voxels/grid/grid.h"
#include "voxels/image/image.h"
#include "voxels/render/grid_camera.h"

namespace voxgrad {

/// Empty voxels that cannot be reached from outside (through faces of voxels), as a share of the
/// occupied ones. A solid object has next to none, a closed surface many.
double enclosed_share(const VoxelGrid& grid);

/// IoU of the voxels with their mirror image along an axis, about the middle of their box. Most
/// things that people make are alike their mirror image along z, left to right.
double mirror_iou(const VoxelGrid& grid, int axis);

/// The silhouette of the voxels under the picture's camera against the picture's alpha, as IoU:
/// with the axes as they are, and with axes exchanged or turned around.
struct SilhouetteFit {
  double as_it_is = 0, best = 0;
  std::string best_change;  // "x and z exchanged", "z mirrored"; empty if as_it_is is the best
};
/// None if the picture has no alpha, or no transparent or no opaque pixel.
std::optional<SilhouetteFit> fit_silhouette(const VoxelGrid& grid, const Image& picture,
                                            const GridCamera& camera);

}  // namespace voxgrad
