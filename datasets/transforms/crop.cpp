#include "datasets/transforms/crop.h"

#include <algorithm>
#include <cmath>

#include "tensor/error.h"

namespace voxgrad {
namespace {

CropArea centre_area(const Image& picture, int crop) {
  if (crop == 0 || picture.width <= crop || picture.height <= crop)
    return {0, 0, picture.width, picture.height};
  return {(picture.width - crop) / 2, (picture.height - crop) / 2, crop, crop};
}

CropArea box_area(const Image& picture, const Box& box, const AugmentationDraw::View& view) {
  const auto near = [](double x) { return x >= -1 && x <= 2; };  // false for NaN
  check(near(box.left) && near(box.top) && near(box.right) && near(box.bottom) &&
            box.left < box.right && box.top < box.bottom,
        "[transform] box ", box.left, ",", box.top, " .. ", box.right, ",", box.bottom,
        " has no area or is far outside the picture; edges are fractions of its size");
  const double width = (box.right - box.left) * picture.width;
  const double height = (box.bottom - box.top) * picture.height;
  const double middle_x = (box.left + box.right) / 2 * picture.width;
  const double middle_y = (box.top + box.bottom) / 2 * picture.height;
  const double side = std::max(width, height) * view.box_scale;
  // Truncation towards zero and both edges included, as in the published code.
  const int left = int(middle_x - side * view.box_edges[0]);
  const int right = int(middle_x + side * view.box_edges[1]);
  const int top = int(middle_y - side * view.box_edges[2]);
  const int bottom = int(middle_y + side * view.box_edges[3]);
  return {left, top, right - left + 1, bottom - top + 1};
}

}  // namespace

CropArea crop_area(const Image& picture, const std::optional<Box>& box,
                   const AugmentationDraw::View& view, int crop) {
  return box ? box_area(picture, *box, view) : centre_area(picture, crop);
}

}  // namespace voxgrad
