// Where the object is in a picture. A mask is a grey picture: 255 the object, 0 background.
#pragma once

#include <optional>
#include <vector>

#include "voxels/image/image.h"

namespace voxgrad {

/// The picture, scaled down to at most `max_side` pixels a side by averaging areas. Clear pixels
/// do not give their colour to their neighbours.
Image shrunk(const Image& picture, int max_side);

/// True where alpha tells object from background: some pixels have less than min_alpha, others not.
bool has_clear_pixels(const Image& picture, int min_alpha);
Image mask_of_alpha(const Image& picture, int min_alpha);

/// Pixels that are connected, diagonals included.
struct Component {
  int left, top, right, bottom;  // inclusive
  int pixels = 0;
  int width() const { return right - left + 1; }
  int height() const { return bottom - top + 1; }
};

/// The mask's components, largest first. Where `labels` is given, it gets 1 + the component's index
/// in the result for every pixel, 0 for background.
std::vector<Component> components_of(const Image& mask, std::vector<int>* labels = nullptr);
/// The box around all of the mask, none if it is empty.
std::optional<Component> bounds_of(const Image& mask);

/// Clears components of less than `share` of the largest one's pixels.
void drop_specks(Image& mask, double share);
/// Fills background that is enclosed by the object, up to `max_pixels` a hole.
void fill_holes(Image& mask, int max_pixels);
/// Grows the mask by `radius` pixels in every direction (a square); shrinks it if negative.
Image grown(const Image& mask, int radius);

}  // namespace voxgrad
