#include "pix2vox/prediction/framing.h"

#include <algorithm>
#include <array>

namespace voxgrad {
namespace {

/// The colour around the picture: clear where it has alpha.
std::array<std::uint8_t, 4> padding_of(const Image& picture) {
  std::array<std::uint8_t, 4> color{};
  if (picture.channels % 2 == 0) return color;
  const int right = picture.width - 1, bottom = picture.height - 1;
  for (int c = 0; c < picture.channels; ++c) {
    const int sum = picture.at(0, 0)[c] + picture.at(right, 0)[c] + picture.at(0, bottom)[c] +
                    picture.at(right, bottom)[c];
    color[std::size_t(c)] = std::uint8_t((sum + 2) / 4);
  }
  return color;
}

}  // namespace

bool is_elongated(const Image& picture) {
  const auto [shorter, longer] = std::minmax(picture.width, picture.height);
  return longer > 2 * shorter;
}

Image padded_to_square(const Image& picture) {
  const int side = std::max(picture.width, picture.height);
  const int left = (side - picture.width) / 2, top = (side - picture.height) / 2;
  Image square(side, side, picture.channels);
  const std::array<std::uint8_t, 4> padding = padding_of(picture);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) std::copy_n(padding.begin(), square.channels, square.at(x, y));
  for (int y = 0; y < picture.height; ++y)
    std::copy_n(picture.at(0, y), std::size_t(picture.width) * std::size_t(picture.channels),
                square.at(left, top + y));
  return square;
}

FramedPicture frame_picture(const Image& picture, const Framing& framing) {
  FramedPicture framed{picture, framing.transform};
  if (!framing.squeeze && is_elongated(picture)) {
    framed.picture = padded_to_square(picture);
    framed.transform.crop = 0;
  }
  return framed;
}

}  // namespace voxgrad
