#include "pix2vox/evaluation/pix3d_protocol.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace voxgrad {
namespace {

constexpr int kSide = 32;
constexpr double kBoxFrom = 0.1;

VoxelGrid max_pooled(const VoxelGrid& grid) {
  constexpr int pool = 4;
  VoxelGrid result(grid.n / pool);
  for (int x = 0; x < result.n * pool; ++x)
    for (int y = 0; y < result.n * pool; ++y)
      for (int z = 0; z < result.n * pool; ++z) {
        float& value = result.at(x / pool, y / pool, z / pool);
        value = std::max(value, grid.at(x, y, z));
      }
  return result;
}

/// Trilinear; 0 outside.
double sample(const VoxelGrid& grid, const std::array<double, 3>& place) {
  std::array<int, 3> low;
  std::array<double, 3> share;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    low[axis] = int(std::floor(place[axis]));
    share[axis] = place[axis] - low[axis];
  }
  double total = 0;
  for (int c = 0; c < 8; ++c) {
    double weight = 1;
    std::array<int, 3> at;
    bool inside = true;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const int step = c >> axis & 1;
      at[axis] = low[axis] + step;
      weight *= step ? share[axis] : 1 - share[axis];
      inside = inside && at[axis] >= 0 && at[axis] < grid.n;
    }
    if (weight > 0 && inside) total += weight * double(grid.at(at[0], at[1], at[2]));
  }
  return total;
}

}  // namespace

VoxelGrid pix3d_normalized(const VoxelGrid& given) {
  const VoxelGrid grid = given.n > 100 ? max_pooled(given) : given;
  std::array<int, 3> low{grid.n, grid.n, grid.n}, high{-1, -1, -1};
  for (int x = 0; x < grid.n; ++x)
    for (int y = 0; y < grid.n; ++y)
      for (int z = 0; z < grid.n; ++z) {
        if (double(grid.at(x, y, z)) < kBoxFrom) continue;
        const std::array<int, 3> at{x, y, z};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          low[axis] = std::min(low[axis], at[axis]);
          high[axis] = std::max(high[axis], at[axis]);
        }
      }
  VoxelGrid result(kSide);
  if (high[0] < 0) return result;
  int side = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) side = std::max(side, high[axis] - low[axis] + 1);
  // What is in the cube but not in the box is padding, not the grid's values below 0.1.
  VoxelGrid cube(side);
  std::array<int, 3> before;
  for (std::size_t axis = 0; axis < 3; ++axis)
    before[axis] = (side - (high[axis] - low[axis] + 1)) / 2;
  for (int x = low[0]; x <= high[0]; ++x)
    for (int y = low[1]; y <= high[1]; ++y)
      for (int z = low[2]; z <= high[2]; ++z)
        cube.at(x - low[0] + before[0], y - low[1] + before[1], z - low[2] + before[2]) =
            grid.at(x, y, z);
  const double step = double(side - 1) / (kSide - 1);
  for (int x = 0; x < kSide; ++x)
    for (int y = 0; y < kSide; ++y)
      for (int z = 0; z < kSide; ++z)
        result.at(x, y, z) = float(sample(cube, {x * step, y * step, z * step}));
  return result;
}

Pix3dIou::Pix3dIou() : table_(std::vector<double>()) {
  for (int i = 1; i < 50; ++i) thresholds_.push_back(i / 100.0);
  table_ = IouTable(thresholds_);
}

void Pix3dIou::add(const ObjectInfo& object, const VoxelGrid& prediction, const VoxelGrid& truth) {
  const VoxelGrid p = pix3d_normalized(prediction), t = pix3d_normalized(truth);
  std::vector<double> iou;
  for (const double threshold : thresholds_) {
    std::int64_t both = 0, either = 0;
    for (std::size_t i = 0; i < p.values.size(); ++i) {
      const bool a = double(p.values[i]) > threshold, b = double(t.values[i]) > threshold;
      both += a && b;
      either += a || b;
    }
    iou.push_back(either == 0 ? 0.0 : double(both) / double(either));
  }
  table_.add(object, iou);
}

}  // namespace voxgrad
