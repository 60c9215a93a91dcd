// A mesh made ready for counting ray crossings: vertices at the same place become one, triangles
// without area and repeated triangles go, and the rest is labelled by connected part.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "voxels/mesh/mesh.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {

struct MeshParts {
  std::vector<Vec3f> vertices;
  std::vector<std::array<std::uint32_t, 3>> triangles;
  std::vector<std::uint32_t> part;  // of each triangle, 0..n_parts-1
  std::uint32_t n_parts = 0;
};

/// Vertices are moved to (v - origin) / cell. Those closer than about 1e-4 (after that) are welded;
/// triangles that share a vertex belong to one part.
MeshParts weld_parts(const Mesh& mesh, const Vec3& origin, double cell);

}  // namespace voxgrad
