#include "voxels/grid/axes.h"

namespace voxgrad {

int AxisTurn::determinant() const {
  int inversions = 0;
  for (int a = 0; a < 3; ++a)
    for (int b = a + 1; b < 3; ++b) inversions += from[a] > from[b] ? 1 : 0;
  return sign[0] * sign[1] * sign[2] * (inversions % 2 == 0 ? 1 : -1);
}

Vec3 AxisTurn::operator()(const Vec3& point) const {
  Vec3 rotated{};
  for (int a = 0; a < 3; ++a) rotated[a] = sign[a] * point[from[a]];
  return rotated;
}

VoxelGrid AxisTurn::operator()(const VoxelGrid& grid) const {
  VoxelGrid rotated(grid.n);
  rotated.scale = grid.scale;
  for (int a = 0; a < 3; ++a) {
    const double low = grid.translate[from[a]];
    rotated.translate[a] = sign[a] > 0 ? low : -(low + grid.scale);
  }
  std::array<int, 3> at{};
  for (at[0] = 0; at[0] < grid.n; ++at[0])
    for (at[1] = 0; at[1] < grid.n; ++at[1])
      for (at[2] = 0; at[2] < grid.n; ++at[2]) {
        std::array<int, 3> source{};
        for (int a = 0; a < 3; ++a) source[from[a]] = sign[a] > 0 ? at[a] : grid.n - 1 - at[a];
        rotated.at(at[0], at[1], at[2]) = grid.at(source[0], source[1], source[2]);
      }
  return rotated;
}

Mesh AxisTurn::operator()(Mesh mesh) const {
  for (Vec3& vertex : mesh.vertices) vertex = (*this)(vertex);
  return mesh;
}

}  // namespace voxgrad
