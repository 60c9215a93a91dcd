// Advice before and after a prediction: what makes a picture hard to read for the network, and
// whether a volume says anything.
#pragma once

#include <string>
#include <vector>

#include "voxels/grid/grid.h"
#include "voxels/image/image.h"

namespace voxgrad {

/// What makes a picture hard to read, in words for its owner; empty if nothing was found. Looks for
/// an object that fills too little or too much of what the network will see, is cut off, is far
/// from the middle, or cannot be told from the background. crop: see TransformOptions.
std::vector<std::string> inspect_picture(const Image& picture, int crop);

/// "" or a warning that the thresholded volume is empty or full.
std::string inspect_volume(const VoxelGrid& probabilities, double threshold);

}  // namespace voxgrad
