#include "datasets/transforms/clear_pixels.h"

namespace voxgrad {

std::optional<Image> with_clear_pixels_filled(const Image& picture,
                                              const std::array<int, 3>& background, int min_alpha) {
  if (min_alpha == 0 || picture.channels % 2 != 0) return {};
  Image filled(picture.width, picture.height, 4);
  const int channels = picture.channels;
  const int green = channels == 4 ? 1 : 0, blue = channels == 4 ? 2 : 0;
  const std::uint8_t* from = picture.pixels.data();
  for (std::size_t i = 0; i < filled.pixels.size(); i += 4, from += channels) {
    std::uint8_t* const to = &filled.pixels[i];
    const bool clear = from[channels - 1] < min_alpha;
    to[0] = clear ? std::uint8_t(background[2]) : from[0];
    to[1] = clear ? std::uint8_t(background[1]) : from[green];
    to[2] = clear ? std::uint8_t(background[0]) : from[blue];
    to[3] = clear ? 0 : from[channels - 1];
  }
  return filled;
}

}  // namespace voxgrad
