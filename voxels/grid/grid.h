// VoxelGrid: a cube of n*n*n values, occupancy (0 or 1) or probability, stored [x][y][z] with z
// fastest; y is up. Voxel i's centre along an axis is translate + scale * (i + 0.5) / n.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace voxgrad {

struct VoxelGrid {
  int n = 0;
  std::vector<float> values;  // n*n*n, [x][y][z]
  std::array<double, 3> translate{0, 0, 0};
  double scale = 1;

  VoxelGrid() = default;
  explicit VoxelGrid(int resolution);  // all 0
  std::size_t index(int x, int y, int z) const {
    return (std::size_t(x) * std::size_t(n) + std::size_t(y)) * std::size_t(n) + std::size_t(z);
  }
  float at(int x, int y, int z) const { return values[index(x, y, z)]; }
  float& at(int x, int y, int z) { return values[index(x, y, z)]; }
  /// Voxels with value >= threshold.
  std::int64_t count(double threshold = 0.5) const;
  /// 1 where value >= threshold, else 0.
  VoxelGrid thresholded(double threshold) const;
};

/// |A and B| / |A or B| of the voxels with value >= threshold (b is compared at 0.5). 1 if both are
/// empty. Error if the sizes differ.
double intersection_over_union(const VoxelGrid& prediction, const VoxelGrid& truth,
                               double threshold);

}  // namespace voxgrad
