// Widening of pictures: off by default, drawn from its key, and what each step does.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "datasets/transforms/deferred_view.h"
#include "datasets/transforms/picture_widening.h"
#include "tensor/error.h"
#include "tests/support/tensors.h"

using namespace voxgrad;

namespace {

// A red square in the middle of a transparent picture.
Image square(int size = 32, int edge = 8) {
  Image image(size, size, 4);
  for (int y = (size - edge) / 2; y < (size + edge) / 2; ++y)
    for (int x = (size - edge) / 2; x < (size + edge) / 2; ++x) {
      std::uint8_t* p = image.at(x, y);
      p[0] = 200, p[1] = 40, p[2] = 20, p[3] = 255;
    }
  return image;
}

int shown(const Image& image) {
  int count = 0;
  for (int i = 0; i < image.width * image.height; ++i)
    count += image.pixels[std::size_t(4 * i + 3)] > 127;
  return count;
}

TransformOptions everything() {
  TransformOptions options;
  options.size = 16;
  options.backdrops = {"plain", "gradient", "noise", "published"};
  options.hue = 180;
  options.tint = 0.5;
  options.zoom = 0.3;
  options.shift = 0.1;
  options.blur = 2;
  options.pixel_noise = 10;
  options.jpeg = 0.5;
  return options;
}

}  // namespace

TEST_CASE("without widening a picture is left alone, and the published draws stay") {
  CHECK_FALSE(widened_picture(square(), {}).has_value());
  Rng plain(3), widened(3);
  const AugmentationDraw a = sample_augmentation(plain, 2, TransformOptions{});
  const AugmentationDraw b = sample_augmentation(widened, 2, everything());
  CHECK(a.background == b.background);
  CHECK(a.brightness == b.brightness);
  CHECK(a.noise == b.noise);
  CHECK(a.views[1].flip == b.views[1].flip);
  CHECK(a.views[1].box_edges == b.views[1].box_edges);
  CHECK(a.views[0].widening == WideningDraw{});
  CHECK_FALSE(b.views[0].widening == WideningDraw{});
  CHECK(b.views[0].widening.hue == b.views[1].widening.hue);  // the object's colours
  CHECK(b.views[0].widening.seed != b.views[1].widening.seed);
}

TEST_CASE("zoom and shift move the object") {
  WideningDraw draw;
  draw.zoom = 2;
  CHECK(shown(*widened_picture(square(), draw)) == 16 * 16);
  draw.zoom = 1;
  draw.shift_x = 0.25;
  const Image moved = *widened_picture(square(), draw);
  CHECK(shown(moved) == 64);
  CHECK(moved.at(16 + 8, 16)[3] == 255);
  CHECK(moved.at(12, 16)[3] == 0);
  CHECK(moved.at(24, 16)[0] == 200);  // colours of clear pixels do not bleed in
}

TEST_CASE("hues turn and tints replace colours") {
  WideningDraw draw;
  draw.hue = 120;  // R to G to B
  const Image turned = *widened_picture(square(), draw);
  CHECK(int(turned.at(16, 16)[0]) == 20);
  CHECK(int(turned.at(16, 16)[1]) == 200);
  CHECK(int(turned.at(16, 16)[2]) == 40);
  draw.hue = 0;
  draw.tint_share = 1;
  draw.tint = {0, 0, 0.5};
  const Image tinted = *widened_picture(square(), draw);
  CHECK(int(tinted.at(16, 16)[0]) == 0);
  CHECK(int(tinted.at(16, 16)[2]) == 255);
  CHECK(int(tinted.at(16, 16)[3]) == 255);
}

TEST_CASE("backdrops lie behind the object and make the picture opaque") {
  WideningDraw draw;
  draw.backdrop = WideningDraw::Backdrop::plain;
  draw.colors = {{{10, 20, 30}, {210, 220, 230}}};
  const Image plain = *widened_picture(square(), draw);
  CHECK(plain.channels == 3);
  CHECK(int(plain.at(0, 0)[1]) == 20);
  CHECK(int(plain.at(16, 16)[0]) == 200);
  draw.backdrop = WideningDraw::Backdrop::gradient;  // to the right
  const Image gradient = *widened_picture(square(), draw);
  CHECK(gradient.at(1, 3)[0] < 25);
  CHECK(gradient.at(30, 3)[0] > 195);
  CHECK(int(gradient.at(5, 2)[0]) == int(gradient.at(5, 29)[0]));
  draw.backdrop = WideningDraw::Backdrop::noise;
  draw.seed = 1;
  const Image noise = *widened_picture(square(), draw);
  draw.seed = 2;
  CHECK(noise.pixels != widened_picture(square(), draw)->pixels);
  CHECK(int(noise.at(16, 16)[0]) == 200);
}

TEST_CASE("blur, noise and JPEG change what is opaque, and photos too") {
  Image photo(32, 32, 3);
  for (int x = 16; x < 32; ++x)
    for (int y = 0; y < 32; ++y) photo.at(x, y)[0] = 255;
  WideningDraw draw;
  draw.blur = 2;
  const Image blurred = *widened_picture(photo, draw);
  CHECK(blurred.at(15, 5)[0] > 80);
  CHECK(blurred.at(15, 5)[0] < 128);
  CHECK(blurred.at(2, 5)[0] == 0);
  CHECK(blurred.at(30, 5)[0] == 255);
  draw.blur = 0;
  draw.noise = 8;
  const Image noisy = *widened_picture(Image(32, 32, 3), draw);
  double sum = 0;
  for (const std::uint8_t value : noisy.pixels) sum += value * value;
  // Half of a normal distribution is cut off at 0.
  CHECK(std::sqrt(sum / double(noisy.pixels.size())) ==
        doctest::Approx(8 / std::sqrt(2)).epsilon(0.1).scale(0));
  draw.noise = 0;
  draw.jpeg_quality = 10;
  const Image compressed = *widened_picture(photo, draw);
  CHECK(compressed.channels == 3);
  CHECK(compressed.pixels != photo.pixels);
  draw.jpeg_quality = 100;
  const Image fine = *widened_picture(photo, draw);
  CHECK(std::abs(int(fine.at(30, 5)[0]) - 255) <= 3);
  CHECK(widened_picture(square(), draw)->channels == 4);  // nothing behind it: not compressed
}

TEST_CASE("a widened view is the same wherever it is made, and from call to call") {
  Rng rng(9);
  const TransformOptions options = everything();
  const AugmentationDraw draw = sample_augmentation(rng, 3, options);
  const auto picture = std::make_shared<const Image>(square());
  for (int view = 0; view < 3; ++view) {
    std::vector<float> here(16 * 16 * 3), again(here);
    transform_view(*picture, {}, draw, view, options, here.data());
    transform_view(*picture, {}, draw, view, options, again.data());
    CHECK(here == again);
    const DeferredView deferred = pack_view(picture, {}, draw, view, options);
    const Tensor there = unpack_views({&deferred, 1}, options.size);
    double worst = 0;
    for (std::size_t i = 0; i < here.size(); ++i)
      worst = std::max(worst, double(std::abs(here[i] - there.data<float>()[i])));
    CHECK(worst < 1e-4);
  }
}

TEST_CASE("options of widening are checked") {
  TransformOptions options;
  options.backdrops = {"plane"};
  CHECK_THROWS_WITH_AS(check_transform_options(options), doctest::Contains("no backdrop \"plane\""),
                       ConfigError);
  options.backdrops = {};
  options.jpeg_quality = {90, 20};
  CHECK_THROWS_AS(check_transform_options(options), ConfigError);
  options.jpeg_quality = {30, 95};
  options.zoom = 3;
  CHECK_THROWS_WITH_AS(check_transform_options(options), doctest::Contains("zoom"), ConfigError);
}
