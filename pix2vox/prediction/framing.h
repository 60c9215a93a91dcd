// How a picture of any shape becomes the square that the network sees.
#pragma once

#include "datasets/transforms/transforms.h"

namespace voxgrad {

/// Pixels of less alpha are background where nothing else was said: 16 of 255 is too faint to see.
inline constexpr int default_min_alpha = 16;

struct Framing {
  TransformOptions transform{};  // crop, size, background, min_alpha
  /// Pictures whose longer side is more than twice the shorter one are padded to a square with
  /// their background. True: they are cropped and resized as those of data sets are, which changes
  /// their proportions.
  bool squeeze = false;
};

/// The longer side is more than twice the shorter one.
bool is_elongated(const Image& picture);
/// The picture in the middle of a square: clear pixels around it if it has alpha, else the mean
/// colour of its corners.
Image padded_to_square(const Image& picture);

/// A picture and the crop that show what the network will see.
struct FramedPicture {
  Image picture;
  TransformOptions transform;
};
FramedPicture frame_picture(const Image& picture, const Framing& framing);

}  // namespace voxgrad
