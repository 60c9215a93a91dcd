// Which part of a picture the network sees.
#pragma once

#include <optional>

#include "datasets/dataset.h"
#include "datasets/transforms/transforms.h"

namespace voxgrad {

/// A rectangle of pixels. It may reach over the picture's edges; what is outside repeats the edge.
struct CropArea {
  int left = 0, top = 0, width = 0, height = 0;
};

/// Step 1 of transforms.h. Error for a box without area or far outside the picture.
CropArea crop_area(const Image& picture, const std::optional<Box>& box,
                   const AugmentationDraw::View& view, int crop);

}  // namespace voxgrad
