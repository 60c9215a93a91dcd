// Cropping and bilinear resizing in one pass, from 8-bit pixels to floats.
#pragma once

#include <optional>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/transforms.h"

namespace voxgrad {

/// A rectangle of pixels. It may reach over the picture's edges; what is outside repeats the edge.
struct CropArea {
  int left = 0, top = 0, width = 0, height = 0;
};

/// Step 1 of transforms.h. Error for a box without area or far outside the picture.
CropArea crop_area(const Image& picture, const std::optional<Box>& box,
                   const AugmentationDraw::View& view, int crop);

/// Resizes an area to size*size pixels of four floats B, G, R, A in [0,1], row by row.
/// Pictures without alpha get alpha 1.
class CropResizer {
 public:
  CropResizer(const Image& picture, const CropArea& area, int size);
  /// Row y of the result (4*size floats), to be asked for in rising order.
  void row(int y, float* result);

 private:
  /// result = first * (1 - weight) + second * weight, of pixels of the picture.
  struct Tap {
    int first, second;
    float weight;
  };
  static std::vector<Tap> taps(int origin, int extent, int limit, int size);
  const std::vector<float>& resized_row(int source_y);

  struct Row {
    int source_y = -1;
    std::vector<float> pixels;
  };
  const Image& picture_;
  std::vector<Tap> columns_, rows_;
  int first_column_ = 0, last_column_ = 0;  // of the picture, those that are used
  std::vector<float> source_;               // one row of the picture as floats
  Row cache_[2];                            // the last two rows, resized horizontally
  int oldest_ = 0;
};

}  // namespace voxgrad
