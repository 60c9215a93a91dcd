// Parts of a voxel grid: occupied voxels joined through faces. Those that touch along an edge or at
// a corner only are separate, as they are on a block surface.
#pragma once

#include <cstdint>
#include <vector>

#include "voxels/grid/grid.h"

namespace voxgrad {

/// Sizes in voxels of the parts with value >= threshold, largest first.
std::vector<std::int64_t> component_sizes(const VoxelGrid& grid, double threshold);

/// The grid with 0 (or less than the threshold, if that is 0) in all voxels of other parts than the
/// `count` largest. Of parts of one size, the one whose first voxel comes first counts as larger.
/// Error unless count >= 1.
VoxelGrid keep_largest_components(const VoxelGrid& grid, double threshold, int count);

}  // namespace voxgrad
