// Clear pixels before a picture is resized.
//
// The published preprocessing resizes colours and alpha apart, then gives the background's colour
// to pixels whose resized alpha is exactly 0. So the colour that a fully clear pixel happens to
// hold (black, or whatever an editor left there) shows in the seam around the object, and a pixel
// of alpha 1 counts as object. With TransformOptions::min_alpha pixels of less alpha take the
// background's colour first: what they held never changes the result. Published weights were
// trained on the published order, which is therefore the default of data sets.
#pragma once

#include <array>
#include <optional>

#include "voxels/image/image.h"

namespace voxgrad {

/// The picture as RGBA, where pixels of alpha < min_alpha have alpha 0 and the colour `background`
/// (B, G, R). None if nothing is to be done: min_alpha is 0 or the picture has no alpha.
std::optional<Image> with_clear_pixels_filled(const Image& picture,
                                              const std::array<int, 3>& background, int min_alpha);

}  // namespace voxgrad
