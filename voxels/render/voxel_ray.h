// Rays through a grid of blocks, after Amanatides and Woo, "A fast voxel traversal algorithm for
// ray tracing", Eurographics 1987. Coordinates are in voxels: voxel i spans i..i+1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "voxels/grid/grid.h"

namespace voxgrad {

struct Ray {
  std::array<double, 3> origin, direction;
};

/// Where a ray enters an occupied voxel.
struct VoxelHit {
  std::array<int, 3> voxel;
  int axis;         // of the face's normal
  bool positive;    // the normal points along +axis
  double distance;  // in lengths of the ray's direction
};

class BlockScene {
 public:
  BlockScene(const VoxelGrid& grid, double threshold);

  bool empty() const { return count_ == 0; }
  int resolution() const { return n_; }
  /// Number of occupied voxels.
  std::size_t count() const { return count_; }
  /// Corners of the box around the occupied voxels.
  const std::array<int, 3>& low() const { return low_; }
  const std::array<int, 3>& high() const { return high_; }
  bool occupied(const std::array<int, 3>& voxel) const;
  /// The first occupied voxel that the ray enters. One that it starts in does not count.
  std::optional<VoxelHit> trace(const Ray& ray) const;

 private:
  bool filled(const std::array<int, 3>& v) const {
    return filled_[(std::size_t(v[0]) * std::size_t(n_) + std::size_t(v[1])) * std::size_t(n_) +
                   std::size_t(v[2])] != 0;
  }

  int n_;
  std::size_t count_ = 0;
  std::vector<std::uint8_t> filled_;  // as in VoxelGrid
  std::array<int, 3> low_, high_;
};

}  // namespace voxgrad
