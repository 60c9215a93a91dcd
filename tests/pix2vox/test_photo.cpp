// Photos: whether the object is found, cut out and centred.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "pix2vox/prediction/grab_cut.h"
#include "pix2vox/prediction/photo.h"
#include "tensor/error.h"
#include "tests/support/expect_error.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

using Background = std::function<std::array<double, 3>(int x, int y)>;

struct Scene {
  Image photo, truth;
};

/// A blue stool: a seat on two legs, inside a rectangle of the picture.
Scene scene(int width, int height, const PixelBox& place, const Background& background) {
  Scene result{Image(width, height, 3), Image(width, height, 1)};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const double u = double(x - place.left) / place.width;
      const double v = double(y - place.top) / place.height;
      const bool seat = u >= 0 && u < 1 && v >= 0 && v < 0.4;
      const bool leg = v >= 0.4 && v < 1 && ((u >= 0 && u < 0.2) || (u >= 0.8 && u < 1));
      *result.truth.at(x, y) = seat || leg ? 255 : 0;
      const std::array<double, 3> color =
          seat || leg ? std::array{30 + 25 * u, 50 + 20 * v, 150 - 40 * v} : background(x, y);
      for (std::size_t c = 0; c < 3; ++c)
        result.photo.at(x, y)[c] = std::uint8_t(std::clamp(color[c], 0.0, 255.0));
    }
  return result;
}

Background wall(double grey) {
  return [grey](int x, int y) {
    return std::array{grey + 0.05 * x, grey + 0.03 * y, grey - 6 + 0.02 * x};
  };
}

Background carpet() {
  auto rng = std::make_shared<std::mt19937>(5);
  return [rng](int, int) {
    const double noise = double((*rng)() % 90);
    return std::array{150 + noise, 90 + noise / 2, 40 + noise / 3};
  };
}

double iou(const Image& a, const Image& b) {
  REQUIRE(a.pixels.size() == b.pixels.size());
  int both = 0, either = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    both += a.pixels[i] != 0 && b.pixels[i] != 0;
    either += a.pixels[i] != 0 || b.pixels[i] != 0;
  }
  return double(both) / std::max(1, either);
}

/// Of the opaque pixels: left, top, right, bottom, as shares of the sides.
std::array<double, 4> opaque_extent(const Image& picture) {
  REQUIRE(picture.channels == 4);
  int left = picture.width, top = picture.height, right = -1, bottom = -1;
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x)
      if (picture.at(x, y)[3] >= 128) {
        left = std::min(left, x), right = std::max(right, x);
        top = std::min(top, y), bottom = std::max(bottom, y);
      }
  return {double(left) / picture.width, double(top) / picture.height,
          double(right + 1) / picture.width, double(bottom + 1) / picture.height};
}

const Framing kFraming{.transform = {.crop = 128}};
const PixelBox kCorner{180, 120, 70, 80};

}  // namespace

TEST_CASE("an object before a plain wall is cut out and centred") {
  for (const double grey : {225.0, 60.0}) {
    CAPTURE(grey);
    const Scene made = scene(300, 240, kCorner, wall(grey));
    const PreparedPhoto photo = prepare_photo(made.photo, kFraming);
    CHECK(photo.cut_out == CutOut::plain_background);
    CHECK(iou(photo.mask, made.truth) > 0.9);
    CHECK(photo.reframed);
    CHECK(has_fault(photo.findings, Fault::off_centre));
    CHECK(has_fault(photo.findings, Fault::dark_background) == (grey < 100));
    const auto [left, top, right, bottom] = opaque_extent(photo.picture);
    CHECK(std::abs((left + right) / 2 - 0.5) < 0.03);
    CHECK(std::abs((top + bottom) / 2 - 0.5) < 0.03);
    CHECK(std::max(right - left, bottom - top) > 0.5);
  }
}

TEST_CASE("before a pattern the object is cut out by its colours, from a box or without one") {
  if (!has_grab_cut()) {
    MESSAGE("skipped: built without GrabCut (libopencv-imgproc-dev)");
    return;
  }
  const Scene made = scene(300, 240, {95, 60, 110, 120}, carpet());
  for (const bool boxed : {false, true}) {
    CAPTURE(boxed);
    PhotoOptions options;
    if (boxed) options.box = PixelBox{80, 45, 140, 150};
    const PreparedPhoto photo = prepare_photo(made.photo, kFraming, options);
    CHECK(photo.cut_out == CutOut::grab_cut);
    CHECK(iou(photo.mask, made.truth) > 0.85);
    CHECK(has_fault(photo.findings, Fault::no_plain_background));
  }
}

TEST_CASE("a box around what has no outline is shown as it is, and nothing around it") {
  // All of the picture: there is nothing outside it whose colours could be learnt.
  const Scene made = scene(240, 240, {60, 60, 120, 120}, carpet());
  const PreparedPhoto photo =
      prepare_photo(made.photo, kFraming, {.box = PixelBox{0, 0, 240, 240}});
  CHECK(photo.cut_out == CutOut::box);
  CHECK(std::ranges::count(photo.mask.pixels, 255) == 240 * 240);
  REQUIRE(photo.findings.size() == 1);
  CHECK(photo.findings[0].text.find("all of the box") != std::string::npos);
}

TEST_CASE("a box leaves out what is beside it") {
  Scene made = scene(300, 240, {30, 60, 90, 100}, wall(230));
  const Scene other = scene(300, 240, {190, 60, 90, 100}, wall(230));
  for (std::size_t i = 0; i < other.truth.pixels.size(); ++i)
    if (other.truth.pixels[i] != 0)
      std::copy_n(&other.photo.pixels[3 * i], 3, &made.photo.pixels[3 * i]);
  CHECK(has_fault(prepare_photo(made.photo, kFraming).findings, Fault::several));
  const PreparedPhoto photo =
      prepare_photo(made.photo, kFraming, {.box = PixelBox{15, 40, 130, 150}});
  CHECK(iou(photo.mask, made.truth) > 0.9);
  CHECK_FALSE(has_fault(photo.findings, Fault::several));
}

TEST_CASE("a mask of another size says where the object is, by light or by alpha") {
  const Scene made = scene(300, 240, kCorner, carpet());
  Image light(150, 120, 1), alpha(150, 120, 4);
  for (int y = 0; y < 120; ++y)
    for (int x = 0; x < 150; ++x) {
      const bool object = *made.truth.at(2 * x, 2 * y) != 0;
      *light.at(x, y) = object ? 200 : 20;
      std::fill_n(alpha.at(x, y), 3, 90);
      alpha.at(x, y)[3] = object ? 255 : 0;
    }
  for (const Image& mask : {light, alpha}) {
    const PreparedPhoto photo = prepare_photo(made.photo, kFraming, {.mask = mask});
    CHECK(photo.cut_out == CutOut::mask);
    CHECK(iou(photo.mask, made.truth) > 0.95);
    CHECK(photo.reframed);
  }
}

TEST_CASE("a background of a given colour, and none") {
  const Scene made = scene(300, 240, kCorner, [](int, int) {
    return std::array{20.0, 190.0, 40.0};
  });
  PhotoOptions options{.background = PhotoOptions::Background::color, .color = {20, 190, 40}};
  const PreparedPhoto green = prepare_photo(made.photo, kFraming, options);
  CHECK(green.cut_out == CutOut::plain_background);
  CHECK(iou(green.mask, made.truth) > 0.95);
  options.crop = PhotoOptions::Crop::never;
  CHECK_FALSE(prepare_photo(made.photo, kFraming, options).reframed);
  options.background = PhotoOptions::Background::none;
  const PreparedPhoto untouched = prepare_photo(made.photo, kFraming, options);
  CHECK(untouched.cut_out == CutOut::none);
  CHECK(untouched.picture.pixels == made.photo.pixels);
}

TEST_CASE("boxes outside a photo and masks of other proportions are refused") {
  const Scene made = scene(300, 240, kCorner, wall(230));
  for (const PixelBox& box : {PixelBox{0, 0, 301, 10},
                              {-1, 0, 10, 10},
                              {0, 0, 0, 10},
                              {300, 0, 1, 1},
                              {10, 10, 2147483647, 10}}) {
    CHECK(error_of([&] {
            prepare_photo(made.photo, kFraming, {.box = box});
          }).find("not inside the picture, which is 300x240") != std::string::npos);
  }
  CHECK(error_of([&] {
          prepare_photo(made.photo, kFraming, {.mask = Image(100, 100, 1)});
        }).find("of other proportions") != std::string::npos);
}
