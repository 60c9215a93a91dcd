// Advice before and after a prediction: what makes a picture hard to read for the network, and
// whether a volume says anything.
#pragma once

#include <string>
#include <vector>

#include "pix2vox/prediction/framing.h"
#include "voxels/grid/grid.h"
#include "voxels/image/image.h"

namespace voxgrad {

/// What makes a picture hard to read, in words for its owner; empty if nothing was found. Looks for
/// an object that fills too little or too much of what the network will see, is cut off, is far
/// from the middle, or cannot be told from the background, for a dark background, and for pictures
/// that are far from square.
std::vector<std::string> inspect_picture(const Image& picture, const Framing& framing);

/// "" or a warning that the thresholded volume is empty or full.
std::string inspect_volume(const VoxelGrid& probabilities, double threshold);

}  // namespace voxgrad
