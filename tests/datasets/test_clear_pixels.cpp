#include <doctest/doctest.h>

#include <algorithm>

#include "datasets/transforms/clear_pixels.h"
#include "datasets/transforms/deferred_view.h"
#include "datasets/transforms/transforms.h"

using namespace voxgrad;

namespace {

/// Clear outside the middle, where every pixel has its own colour; `hidden` is under the clear.
Image picture(int channels, std::uint8_t hidden, std::uint8_t alpha_outside = 0) {
  Image image(40, 30, channels);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const bool inside = x > 9 && x < 31 && y > 6 && y < 22;
      for (int c = 0; c + 1 < channels; ++c)
        image.at(x, y)[c] = inside ? std::uint8_t(x * 5 + y * 3 + c * 40) : hidden;
      image.at(x, y)[channels - 1] = inside ? 255 : alpha_outside;
    }
  return image;
}

/// Unlike in every channel.
AugmentationDraw draw_of_background() {
  AugmentationDraw draw;
  draw.background = {11, 22, 33};
  draw.contrast = 1.3;
  draw.views.resize(1);
  return draw;
}

std::vector<float> transformed(const Image& image, int min_alpha) {
  std::vector<float> result(std::size_t(3 * 64 * 64));
  transform_view(image, {}, draw_of_background(), 0,
                 {.crop = 0, .size = 64, .min_alpha = min_alpha}, result.data());
  return result;
}

}  // namespace

TEST_CASE("pixels of little alpha become clear and take the background's colour") {
  for (const int channels : {2, 4}) {
    const Image image = picture(channels, 200, 9);
    CHECK_FALSE(with_clear_pixels_filled(image, {1, 2, 3}, 0));
    const std::optional<Image> kept = with_clear_pixels_filled(image, {1, 2, 3}, 9);
    const std::optional<Image> filled = with_clear_pixels_filled(image, {1, 2, 3}, 10);
    REQUIRE(kept);
    REQUIRE(filled);
    CHECK(filled->channels == 4);
    const std::uint8_t *faint = kept->at(0, 0), *clear = filled->at(0, 0),
                       *object = filled->at(20, 15);
    CHECK(std::vector<int>(faint, faint + 4) == std::vector<int>{200, 200, 200, 9});
    CHECK(std::vector<int>(clear, clear + 4) == std::vector<int>{3, 2, 1, 0});
    CHECK(object[3] == 255);
    CHECK(object[0] == image.at(20, 15)[0]);
    CHECK(object[2] == image.at(20, 15)[channels == 4 ? 2 : 0]);
  }
  CHECK_FALSE(with_clear_pixels_filled(Image(4, 4, 3), {1, 2, 3}, 50));
  CHECK_FALSE(with_clear_pixels_filled(Image(4, 4, 1), {1, 2, 3}, 50));
}

TEST_CASE("colours of clear pixels show in the published order, and never with min_alpha") {
  for (const int channels : {2, 4}) {
    const Image black = picture(channels, 0), white = picture(channels, 255);
    CHECK(transformed(black, 0) != transformed(white, 0));
    CHECK(transformed(black, 1) == transformed(white, 1));
    CHECK(transformed(picture(channels, 0, 15), 16) == transformed(white, 16));
    CHECK(transformed(picture(channels, 0, 16), 16) != transformed(white, 16));
  }
}

TEST_CASE("views that a device makes have their clear pixels filled too") {
  const auto image = std::make_shared<const Image>(picture(4, 0, 15));
  const TransformOptions options{.crop = 0, .size = 64, .min_alpha = 16};
  const DeferredView view = pack_view(image, {}, draw_of_background(), 0, options);
  const Tensor made = unpack_views({&view, 1}, 64);
  const std::vector<float> expected = transformed(*image, 16);
  double largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    largest = std::max(largest, std::abs(double(made.data<float>()[i]) - double(expected[i])));
  CHECK(largest < 1e-5);
}

TEST_CASE("min_alpha beyond 8 bits is refused") {
  CHECK_THROWS_AS(check_transform_options({.min_alpha = 256}), ConfigError);
  CHECK_THROWS_AS(check_transform_options({.min_alpha = -1}), ConfigError);
}
