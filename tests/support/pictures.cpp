#include "tests/support/pictures.h"

#include <algorithm>
#include <cmath>

namespace voxgrad::testing {

const std::vector<PictureCase>& picture_cases() {
  static const std::vector<PictureCase> cases{
      {137, 137, 4, 224, 128, Alpha::object},        // as data sets have it
      {137, 137, 4, 224, 128, Alpha::object, true},  // the background hides colours
      {131, 150, 4, 64, 128, Alpha::random},         // shrinking, scattered background
      {131, 150, 4, 65, 128, Alpha::random, true},   // an odd size
      {300, 210, 4, 17, 0, Alpha::random, true},     // shrinking much: sources far apart
      {128, 128, 4, 128, 0, Alpha::random, true},    // every weight is 0
      {60, 90, 3, 224, 128},                         // without alpha
      {500, 40, 3, 33, 0},
      {60, 61, 2, 97, 0, Alpha::random},  // grey
      {60, 61, 1, 97, 0},
      {1, 1, 4, 16, 0, Alpha::random},
      {50, 40, 4, 31, 0, Alpha::object, false, Box{0.3, 0.2, 1.4, 0.9}},  // over the edges
      {50, 40, 3, 224, 0, Alpha::none, false, Box{-0.2, 0.1, 0.5, 1.2}},
  };
  return cases;
}

Image picture_of(const PictureCase& test, Rng& rng) {
  Image picture(test.width, test.height, test.channels);
  for (std::uint8_t& value : picture.pixels) value = std::uint8_t(rng.below(256));
  if (test.channels % 2 == 1) return picture;
  for (int y = 0; y < test.height; ++y)
    for (int x = 0; x < test.width; ++x) {
      std::uint8_t* pixel = picture.at(x, y);
      const double distance = std::hypot(2.0 * x / test.width - 0.9, 2.0 * y / test.height - 1.1);
      const bool shown = test.alpha == Alpha::object ? distance < 0.6 : rng.below(3) > 0;
      pixel[test.channels - 1] = shown ? std::uint8_t(1 + rng.below(255)) : 0;
      if (!shown && !test.hidden_color) std::fill_n(pixel, test.channels - 1, std::uint8_t(0));
    }
  return picture;
}

TransformOptions options_of(const PictureCase& test) {
  TransformOptions options;
  options.size = test.size;
  options.crop = test.crop;
  return options;
}

}  // namespace voxgrad::testing
