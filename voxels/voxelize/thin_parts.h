// Voxels for the parts of a mesh that are too thin to hold a voxel centre (see voxelize.h).
#pragma once

#include <cstdint>
#include <vector>

#include "voxels/render/embree_scene.h"

namespace voxgrad {

/// Flags of the voxels to add to `inside` (n*n*n, [x][y][z]), so that thin boards, legs and sheets
/// become about one voxel thick, while surfaces next to a voxel of `inside` add nothing. The scene
/// is in units of a cell, the grid's low corner at the origin.
std::vector<std::uint8_t> thin_part_voxels(const RayScene& scene,
                                           const std::vector<std::uint8_t>& inside, int n);

}  // namespace voxgrad
