// Smooth normals for shading a mesh that carries none.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "voxels/mesh/vec3.h"

namespace voxgrad {

/// Unit normals at the three corners of each triangle: the mean, weighted by area, of the triangles
/// that share the corner's place and are tilted by less than 40 degrees. Neighbours wound the other
/// way round count as if they were turned.
std::vector<std::array<Vec3f, 3>> corner_normals(
    std::span<const Vec3f> vertices, std::span<const std::array<std::uint32_t, 3>> triangles);

}  // namespace voxgrad
