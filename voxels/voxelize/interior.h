// Which voxel centres are inside a mesh: those that cannot be reached from outside (see
// voxelize.h).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "voxels/mesh/vec3.h"
#include "voxels/render/embree_scene.h"

namespace voxgrad {

/// n*n*n flags, [x][y][z]. The mesh is in units of a voxel, the grid's low corner at the origin;
/// `scene` holds the same triangles.
std::vector<std::uint8_t> interior_voxels(
    const std::vector<Vec3f>& vertices, const std::vector<std::array<std::uint32_t, 3>>& triangles,
    const RayScene& scene, int n);

}  // namespace voxgrad
