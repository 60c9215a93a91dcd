// Nearest neighbours among points in a cube: both the points and the places asked for are put into
// cells, and a cell's places look at the cells of points in the order of their distance.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "voxels/mesh/vec3.h"

namespace voxgrad {

class PointGrid {
 public:
  /// Points with coordinates in 0..1, at least one. cells: along each axis, at most 64.
  explicit PointGrid(std::span<const Vec3f> points, int cells = 8);

  /// From each place, with coordinates in 0..1, to the nearest point; exact in float32.
  std::vector<float> distances(std::span<const Vec3f> places) const;

 private:
  /// Points that lie in one cell, with their own bounds.
  struct Bucket {
    Vec3f low, high;
    std::uint32_t begin, end;
  };
  struct Sorted {
    std::vector<Bucket> buckets;
    std::vector<std::uint32_t> order;  // points by bucket
  };
  static Sorted sorted(std::span<const Vec3f> points, int cells);

  int cells_;
  std::vector<Bucket> buckets_;
  std::array<std::vector<float>, 3> coordinates_;  // by bucket, an axis each
};

}  // namespace voxgrad
