// Whether a predicted volume says anything.
#pragma once

#include <string>

#include "voxels/grid/grid.h"

namespace voxgrad {

/// "" or a warning that the thresholded volume is empty or full.
std::string inspect_volume(const VoxelGrid& probabilities, double threshold);

}  // namespace voxgrad
