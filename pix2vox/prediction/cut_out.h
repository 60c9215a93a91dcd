// The object alone, in the middle of a clear square, as large as in the renderings of training.
#pragma once

#include "pix2vox/prediction/object_mask.h"
#include "voxels/image/image.h"

namespace voxgrad {

/// Where objects are in renderings of 3D-R2N2's kind, as shares of the picture's side. Means over
/// 2,500 pictures of 137 x 137 pixels that `dataset build` made of the mesh pack (standard
/// deviations 0.066, 0.027 and 0.035).
struct RenderedPlace {
  static constexpr double span = 0.785;  // the longer side of the box around the object
  static constexpr double x = 0.5, y = 0.525;
};

/// The square that shows `object` in that place, in pixels of the picture, edges included.
struct SquareArea {
  double left, top, side;
};
SquareArea area_around(const Component& object);

/// RGBA of `side` x `side` pixels: the area, with what `mask` (of the picture's proportions, any
/// size) leaves out clear. Colours are means of the object's pixels alone, so that none of the
/// background shows at its edge. A picture's own alpha counts.
Image cut_out(const Image& picture, const Image& mask, const SquareArea& area, int side);

/// The picture as RGBA with the mask as alpha, in its own size.
Image with_alpha(const Image& picture, const Image& mask);

}  // namespace voxgrad
