#include "pix2vox/prediction/volume_check.h"

#include <algorithm>

#include "tensor/error.h"

namespace voxgrad {

std::string inspect_volume(const VoxelGrid& probabilities, double threshold) {
  const std::int64_t count = probabilities.count(threshold);
  if (count == 0)
    return concat("no voxel reaches the threshold ", threshold,
                  ": the volume is empty. The highest probability is ",
                  *std::ranges::max_element(probabilities.values), "; try a lower --threshold");
  if (count == std::int64_t(probabilities.values.size()))
    return concat("every voxel reaches the threshold ", threshold,
                  ": the volume is full; try a higher --threshold");
  return "";
}

}  // namespace voxgrad
