#include "voxels/grid/grid.h"

#include <algorithm>

#include "tensor/error.h"
#include "voxels/grid/bit_grid.h"

namespace voxgrad {
namespace {

constexpr int kMaxResolution = 1024;

std::size_t checked_volume(int resolution) {
  check(resolution >= 1 && resolution <= kMaxResolution, "[VoxelGrid] resolution ", resolution,
        " is not in 1..", kMaxResolution);
  const auto n = std::size_t(resolution);
  return n * n * n;
}

}  // namespace

VoxelGrid::VoxelGrid(int resolution) : n(resolution), values(checked_volume(resolution)) {}

std::int64_t VoxelGrid::count(double threshold) const {
  return std::count_if(values.begin(), values.end(),
                       [threshold](float value) { return value >= threshold; });
}

VoxelGrid VoxelGrid::thresholded(double threshold) const {
  VoxelGrid result = *this;
  for (float& value : result.values) value = value >= threshold ? 1.0f : 0.0f;
  return result;
}

double intersection_over_union(const VoxelGrid& prediction, const VoxelGrid& truth,
                               double threshold) {
  check(prediction.n == truth.n, "[intersection_over_union] the prediction has ", prediction.n,
        "^3 voxels, the truth ", truth.n, "^3: build the truth at the model's resolution");
  const BitGrid a(prediction, threshold), b(truth, 0.5);
  return iou_of_counts(a.count(), b.count(), a.common(b));
}

}  // namespace voxgrad
