// Preprocessing against the published code's results, augmentation against tools/golden/augment.py.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "datasets/transforms/transforms.h"
#include "tensor/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/npz.h"
#include "tests/support/source_tree.h"

using namespace voxgrad;
using namespace voxgrad::testing;
using nlohmann::json;

namespace {

const std::filesystem::path golden = in_source_tree("tests/golden");

Image golden_picture(const std::string& name) {
  return read_image(golden / "pictures" / name);
}

/// Grows to the larger of two differences; NaN counts as infinite.
void take_larger(double& largest, double a, double b) {
  const double difference = std::abs(a - b);
  if (!(difference <= largest)) largest = std::isnan(difference) ? INFINITY : difference;
}

/// Largest difference of [1,size,size,3] from PyTorch's [3,size,size].
double difference_from_chw(const Tensor& actual, const Tensor& expected) {
  REQUIRE(actual.numel() == expected.numel());
  const std::int64_t pixels = expected.numel() / 3;
  double largest = 0;
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel)
    for (std::int64_t c = 0; c < 3; ++c)
      take_larger(largest, actual.data<float>()[3 * pixel + c],
                  expected.data<float>()[c * pixels + pixel]);
  return largest;
}

AugmentationDraw draw_from(const json& stored) {
  static const std::map<std::string, ColorStep> steps{{"brightness", ColorStep::brightness},
                                                      {"contrast", ColorStep::contrast},
                                                      {"saturation", ColorStep::saturation}};
  AugmentationDraw draw;
  stored.at("background").get_to(draw.background);
  stored.at("brightness").get_to(draw.brightness);
  stored.at("contrast").get_to(draw.contrast);
  stored.at("saturation").get_to(draw.saturation);
  stored.at("noise").get_to(draw.noise);
  stored.at("channels").get_to(draw.channels);
  for (std::size_t i = 0; i < 3; ++i)
    draw.order[i] = steps.at(stored.at("order")[i].get<std::string>());
  AugmentationDraw::View& view = draw.views.emplace_back();
  stored.at("flip").get_to(view.flip);
  stored.at("box_scale").get_to(view.box_scale);
  stored.at("box_edges").get_to(view.box_edges);
  return draw;
}

std::optional<Box> box_from(const json& test_case) {
  if (!test_case.contains("box")) return {};
  const json& box = test_case.at("box");
  return Box{box[0].get<double>(), box[1].get<double>(), box[2].get<double>(),
             box[3].get<double>()};
}

}  // namespace

TEST_CASE("preprocessing gives what the published code gives") {
  const auto expected = read_npz(golden / "pictures/preprocessed.npz");
  const auto error = [&](const std::string& key, const std::string& picture,
                         const std::optional<Box>& box) {
    return difference_from_chw(preprocess({golden_picture(picture)}, {}, box), expected.at(key));
  };
  CHECK(error("picture_128", "picture_128.png", {}) <= 1e-5);
  CHECK(error("picture_137", "picture_137.png", {}) <= 1e-5);
  CHECK(error("picture_201x160_rgb", "picture_201x160_rgb.png", {}) <= 1e-5);
  CHECK(error("picture_201x160_rgb_box", "picture_201x160_rgb.png", Box{0.1, 0.2, 0.8, 0.95}) <=
        1e-5);
  CHECK(error("picture_201x160_rgb_edge_box", "picture_201x160_rgb.png",
              Box{0.55, 0.05, 1.0, 0.7}) <= 1e-5);
}

TEST_CASE("augmentation gives what OpenCV and NumPy give for the same draws") {
  std::ifstream stream(golden / "augment.json");
  const json document = json::parse(stream);
  const auto results = read_npz(golden / "augment.npz");
  const auto step = document.at("pixel_step").get<std::int64_t>();
  REQUIRE(document.at("cases").size() == results.size());
  for (const json& test_case : document.at("cases")) {
    const auto name = test_case.at("name").get<std::string>();
    CAPTURE(name);
    TransformOptions options;
    options.crop = test_case.at("crop").get<int>();
    options.size = test_case.at("size").get<int>();
    const std::int64_t pixels = std::int64_t(options.size) * options.size;
    std::vector<float> actual(std::size_t(3 * pixels), NAN);
    transform_view(golden_picture(test_case.at("picture").get<std::string>()), box_from(test_case),
                   draw_from(test_case.at("draw")), 0, options, actual.data());
    const Tensor& expected = results.at(name);
    REQUIRE(expected.shape() == Shape{(pixels + step - 1) / step, 3});
    double largest = 0;
    for (std::int64_t i = 0; i < expected.numel(); ++i)
      take_larger(largest, actual[std::size_t(i / 3 * step * 3 + i % 3)],
                  expected.data<float>()[i]);
    CHECK(largest <= 1e-5);
  }
}

TEST_CASE("grey pictures are colour pictures with equal channels") {
  Rng rng(7);
  for (const bool alpha : {false, true}) {
    Image grey(50, 41, alpha ? 2 : 1), color(50, 41, alpha ? 4 : 3);
    for (int y = 0; y < grey.height; ++y)
      for (int x = 0; x < grey.width; ++x) {
        const auto value = std::uint8_t(rng.below(256));
        const auto opacity = std::uint8_t(rng.below(2) * 255);
        *grey.at(x, y) = value;
        for (int c = 0; c < 3; ++c) color.at(x, y)[c] = value;
        if (alpha) grey.at(x, y)[1] = color.at(x, y)[3] = opacity;
      }
    CHECK(preprocess({grey}).to_vector<float>() == preprocess({color}).to_vector<float>());
  }
}

TEST_CASE("a picture of the result's size is only normalised, blue first") {
  Image image(8, 8, 4);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = std::uint8_t(i);
  image.at(3, 5)[3] = 0;  // background; alpha 3 at (0,0) is not 0 and keeps its colour
  TransformOptions options;
  options.size = 8;
  const Tensor result = preprocess({image}, options);
  const auto value = [&](int x, int y, int c) { return result.data<float>()[(y * 8 + x) * 3 + c]; };
  CHECK(value(0, 0, 0) == doctest::Approx(2 / 255.0 * 2 - 1));
  CHECK(value(0, 0, 2) == doctest::Approx(0 / 255.0 * 2 - 1));
  CHECK(value(2, 1, 1) == doctest::Approx(41 / 255.0 * 2 - 1));
  for (int c = 0; c < 3; ++c) CHECK(value(3, 5, c) == doctest::Approx(240 / 255.0 * 2 - 1));

  const Image seen = picture_of_input(result.reshape({8, 8, 3}));
  CHECK(seen.at(2, 1)[0] == image.at(2, 1)[0]);
  CHECK(seen.at(2, 1)[2] == image.at(2, 1)[2]);
}

TEST_CASE("random numbers stay in their ranges and reach both ends") {
  const TransformOptions options;
  Rng rng(3);
  std::set<int> shades, channels, steps;
  double least = 9, most = 0, edge_least = 9, edge_most = 0, noise_squares = 0;
  int flips = 0;
  const int count = 2000;
  for (int i = 0; i < count; ++i) {
    const AugmentationDraw draw = sample_augmentation(rng, 1, options);
    shades.insert(draw.background.begin(), draw.background.end());
    for (const double factor : {draw.brightness, draw.contrast, draw.saturation}) {
      least = std::min(least, factor);
      most = std::max(most, factor);
    }
    for (const double edge : draw.views[0].box_edges) {
      edge_least = std::min(edge_least, edge);
      edge_most = std::max(edge_most, edge);
    }
    for (const double weight : draw.noise) noise_squares += weight * weight / (3 * count);
    channels.insert(100 * draw.channels[0] + 10 * draw.channels[1] + draw.channels[2]);
    steps.insert(100 * int(draw.order[0]) + 10 * int(draw.order[1]) + int(draw.order[2]));
    flips += draw.views[0].flip ? 1 : 0;
  }
  CHECK(shades.size() == 31);
  CHECK(*shades.begin() == 225);
  CHECK(*shades.rbegin() == 255);
  CHECK((least >= 0.6 && least < 0.605 && most <= 1.4 && most > 1.395));
  CHECK((edge_least >= 0.4 && edge_least < 0.402 && edge_most <= 0.6 && edge_most > 0.598));
  CHECK(std::sqrt(noise_squares) == doctest::Approx(0.1).epsilon(0.05).scale(0));
  CHECK(channels.size() == 6);
  CHECK(steps.size() == 6);
  CHECK((flips > 900 && flips < 1100));
}

TEST_CASE("transforms refuse what makes no sense") {
  TransformOptions options;
  options.size = 0;
  CHECK(says(error_of<ConfigError>([&] { check_transform_options(options); }), "size"));
  options = {};
  options.background_range[0] = 256;
  CHECK_THROWS_AS(check_transform_options(options), ConfigError);
  options = {};
  options.contrast = NAN;
  CHECK_THROWS_AS(check_transform_options(options), ConfigError);

  const Image image(10, 10, 3);
  const auto with_box = [&](Box box) { preprocess({image}, {}, box); };
  CHECK(says(error_of<Error>([&] { with_box({0.5, 0.5, 0.5, 0.7}); }), "no area"));
  CHECK_THROWS_AS(with_box({0, 0, NAN, 1}), Error);
  CHECK_THROWS_AS(with_box({0, 0, 1e9, 1}), Error);
  CHECK_THROWS_AS(preprocess({Image()}), Error);
  CHECK_THROWS_AS(preprocess({}), Error);
}

TEST_CASE("boxes far over the edge are read inside the picture") {
  Image image(1, 300, 4);
  std::iota(image.pixels.begin(), image.pixels.end(), std::uint8_t(0));
  for (const Box box : {Box{-1, -1, 2, 2}, Box{-1, -1, -0.9, -0.9}, Box{0.99, 0.999, 1, 1}})
    for (const float value : preprocess({image}, {}, box).to_vector<float>())
      REQUIRE((value >= -1 && value <= 1));
}
