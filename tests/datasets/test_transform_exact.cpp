// transform_view against its definition in transforms.h, written a pixel at a time in double.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "datasets/transforms/color_matrix.h"
#include "datasets/transforms/crop.h"
#include "datasets/transforms/transforms.h"
#include "tests/support/pictures.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

/// B, G, R, A of the area resized, at one pixel of the result.
std::array<double, 4> resized_pixel(const Image& picture, const CropArea& area, int size, int x,
                                    int y) {
  // Places are floats, as OpenCV has them.
  const auto place = [size](int i, int extent) {
    const auto exact = float((i + 0.5) * extent / size - 0.5);
    return double(std::clamp(exact, 0.0f, float(extent - 1)));
  };
  const double column = place(x, area.width), row = place(y, area.height);
  std::array<double, 4> sum{};
  for (int dy = 0; dy < 2; ++dy)
    for (int dx = 0; dx < 2; ++dx) {
      const int px = std::clamp(area.left + int(column) + dx, 0, picture.width - 1);
      const int py = std::clamp(area.top + int(row) + dy, 0, picture.height - 1);
      const double wx = column - int(column), wy = row - int(row);
      const double share = (dx ? wx : 1 - wx) * (dy ? wy : 1 - wy);
      const std::uint8_t* pixel = picture.at(px, py);
      const int channels = picture.channels;
      for (std::size_t c = 0; c < 3; ++c) sum[c] += share * pixel[channels < 3 ? 0 : 2 - c] / 255.0;
      sum[3] += share * (channels % 2 == 0 ? pixel[channels - 1] / 255.0 : 1);
    }
  return sum;
}

std::vector<double> expected_view(const Image& picture, const PictureCase& test,
                                  const AugmentationDraw& draw) {
  const CropArea area = crop_area(picture, test.box, draw.views[0], test.crop);
  const int size = test.size;
  std::vector<std::array<double, 3>> pixels;
  std::array<double, 3> mean{};
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) {
      const int source_x = draw.views[0].flip ? size - 1 - x : x;
      const auto [b, g, r, alpha] = resized_pixel(picture, area, size, source_x, y);
      std::array<double, 3> color{b, g, r};
      for (std::size_t c = 0; c < 3; ++c) {
        if (alpha == 0) color[c] = draw.background[c] / 255.0;
        mean[c] += color[c] / (double(size) * size);
      }
      pixels.push_back(color);
    }
  std::vector<double> result;
  const ColorMatrix map = color_matrix(draw, mean);
  for (const auto& [b, g, r] : pixels)
    for (const auto& row : map) result.push_back(row[0] * b + row[1] * g + row[2] * r + row[3]);
  return result;
}

}  // namespace

TEST_CASE("a view is what its definition says, for every kind of picture and way to resize") {
  Rng rng(20);
  for (const PictureCase& test : picture_cases())
    for (const bool training : {false, true}) {
      CAPTURE(test.width);
      CAPTURE(test.channels);
      CAPTURE(test.size);
      CAPTURE(training);
      const Image picture = picture_of(test, rng);
      const TransformOptions options = options_of(test);
      AugmentationDraw draw =
          training ? sample_augmentation(rng, 1, options) : no_augmentation(1, options);
      draw.views[0].flip = training;
      std::vector<float> actual(3 * std::size_t(test.size) * std::size_t(test.size), NAN);
      transform_view(picture, test.box, draw, 0, options, actual.data());
      const std::vector<double> expected = expected_view(picture, test, draw);
      double largest = 0;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        const double difference = std::abs(double(actual[i]) - expected[i]);
        if (!(difference <= largest)) largest = difference;  // keeps NaN
      }
      CHECK(largest <= 5e-6);
    }
}

TEST_CASE("a picture without any alpha is all background") {
  Image picture(20, 30, 4);
  for (std::size_t i = 0; i < picture.pixels.size(); ++i)
    picture.pixels[i] = i % 4 == 3 ? 0 : std::uint8_t(i);
  TransformOptions options;
  options.size = 19;
  Rng rng(3);
  AugmentationDraw draw = sample_augmentation(rng, 1, options);
  std::vector<float> result(3 * 19 * 19, NAN);
  transform_view(picture, {}, draw, 0, options, result.data());
  const ColorMatrix map = color_matrix(
      draw, {draw.background[0] / 255.0, draw.background[1] / 255.0, draw.background[2] / 255.0});
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto& row = map[i % 3];
    double value = row[3];
    for (std::size_t c = 0; c < 3; ++c) value += row[c] * draw.background[c] / 255.0;
    REQUIRE(std::abs(result[i] - value) <= 5e-6);
  }
}
