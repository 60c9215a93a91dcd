// Which voxel centres are inside a mesh, by votes of rays (see voxelize.h).
#pragma once

#include <cstdint>
#include <vector>

#include "voxels/render/embree_scene.h"
#include "voxels/voxelize/mesh_parts.h"

namespace voxgrad {

/// n*n*n flags, [x][y][z]. The mesh is in units of a cell, the grid's low corner at the origin.
std::vector<std::uint8_t> inside_by_votes(const MeshParts& mesh, const RayScene& scene, int n);

}  // namespace voxgrad
