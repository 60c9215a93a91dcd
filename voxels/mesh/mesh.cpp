#include "voxels/mesh/mesh.h"

#include <algorithm>
#include <limits>

#include "tensor/error.h"

namespace voxgrad {

double Mesh::Bounds::longest_side() const {
  double longest = 0;
  for (int axis = 0; axis < 3; ++axis) longest = std::max(longest, high[axis] - low[axis]);
  return longest;
}

Mesh::Bounds Mesh::bounds() const {
  check(!triangles.empty(), "[Mesh::bounds] the mesh has no triangle");
  constexpr double inf = std::numeric_limits<double>::infinity();
  Bounds result{{inf, inf, inf}, {-inf, -inf, -inf}};
  for (const auto& triangle : triangles) {
    for (const std::uint32_t corner : triangle) {
      check(corner < vertices.size(), "[Mesh::bounds] a triangle uses vertex ", corner,
            ", but there are only ", vertices.size());
      for (int axis = 0; axis < 3; ++axis) {
        result.low[axis] = std::min(result.low[axis], vertices[corner][axis]);
        result.high[axis] = std::max(result.high[axis], vertices[corner][axis]);
      }
    }
  }
  return result;
}

}  // namespace voxgrad
