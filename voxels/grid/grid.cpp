#include "voxels/grid/grid.h"

#include <algorithm>

#include "tensor/error.h"

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
  std::int64_t both = 0, any = 0;
  for (std::size_t i = 0; i < truth.values.size(); ++i) {
    const bool predicted = prediction.values[i] >= threshold;
    const bool occupied = truth.values[i] >= 0.5f;
    both += predicted && occupied;
    any += predicted || occupied;
  }
  return any == 0 ? 1.0 : double(both) / double(any);
}

}  // namespace voxgrad
