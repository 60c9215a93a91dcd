#include <doctest/doctest.h>

#include <algorithm>

#include "pix2vox/prediction/photo.h"
#include "pix2vox/prediction/predictor.h"
#include "pix2vox/prediction/volume_check.h"
#include "tests/pix2vox/tiny.h"
#include "tests/pix2vox/toy_dataset.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

Image square(int size, int low, int high, std::uint8_t alpha_outside = 0) {
  Image image(size, size, 4);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const bool inside = x >= low && x < high && y >= low && y < high;
      std::uint8_t* pixel = image.at(x, y);
      pixel[0] = pixel[1] = pixel[2] = inside ? 60 : 200;
      pixel[3] = inside ? 255 : alpha_outside;
    }
  }
  return image;
}

std::vector<std::string> texts(const PreparedPhoto& photo) {
  std::vector<std::string> result;
  for (const Finding& finding : photo.findings) result.push_back(finding.text);
  return result;
}

/// What is found in a picture that is used as it is.
std::vector<std::string> inspect(const Image& image, int min_alpha = default_min_alpha,
                                 bool squeeze = false) {
  return texts(
      prepare_photo(image, {.transform = {.crop = 128, .min_alpha = min_alpha}, .squeeze = squeeze},
                    {.crop = PhotoOptions::Crop::never}));
}

bool warns(const std::vector<std::string>& warnings, const char* words) {
  for (const std::string& warning : warnings)
    if (warning.find(words) != std::string::npos) return true;
  return false;
}

bool warns(const Image& image, const char* words) {
  return warns(inspect(image), words);
}

/// An object of one grey in the middle of a plain background.
Image on_background(int width, int height, std::uint8_t grey) {
  Image image(width, height, 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const bool inside =
          x > width / 5 && x < width * 4 / 5 && y > height / 5 && y < height * 4 / 5;
      std::fill_n(image.at(x, y), 3, inside ? 90 : grey);
    }
  return image;
}

Predictor tiny_predictor(const PredictorOptions& options = {}, int min_alpha = 0) {
  Checkpoint checkpoint;
  checkpoint.config.model = tiny_model();
  checkpoint.config.data.transform.min_alpha = min_alpha;
  Pix2Vox model(checkpoint.config.model);
  initialize(model, 5);
  checkpoint.model = model.state();
  return {checkpoint, Device::cpu(), options};
}

}  // namespace

TEST_CASE("a predictor takes one or more pictures of any kind") {
  Checkpoint checkpoint;
  checkpoint.config.model = tiny_model();
  Pix2Vox model(checkpoint.config.model);
  initialize(model, 5);
  checkpoint.model = model.state();
  checkpoint.threshold = 0.4;
  Predictor predictor(checkpoint, Device::cpu());
  CHECK(predictor.threshold() == 0.4);
  const ToyDataset dataset(2, 8);
  const Predictor::Result one = predictor.predict({dataset.view(0, 0)});
  CHECK(one.probabilities.n == 8);
  REQUIRE(one.inputs.size() == 1);
  CHECK(one.inputs[0].width == tiny_model().image_size);
  for (const float p : one.probabilities.values) CHECK((p >= 0 && p <= 1));
  CHECK(predictor.predict({dataset.view(0, 0), Image(50, 30, 1)}).inputs.size() == 2);
  CHECK_THROWS_AS(predictor.predict({}), Error);
}

TEST_CASE("pictures that the network cannot read well are explained") {
  CHECK(inspect(square(137, 20, 117)).empty());
  CHECK(inspect(square(137, 20, 117, 255)).empty());  // plain background
  CHECK(warns(square(137, 60, 75), "spans only"));
  CHECK(warns(square(137, 10, 60), "far from the middle"));
  CHECK(warns(square(400, 20, 380), "cut off"));
  CHECK(warns(square(100, 0, 90), "touches the edge"));
  CHECK(warns(square(137, 0, 0), "no object found"));
  Image noisy(137, 137, 3);
  for (std::size_t i = 0; i < noisy.pixels.size(); ++i)
    noisy.pixels[i] = std::uint8_t(i * 2654435761u >> 13);
  CHECK(warns(noisy, "cannot be told"));
}

TEST_CASE("plain dark backgrounds are pointed out, light ones are not") {
  for (const int grey : {0, 30, 60, 140}) CHECK(warns(on_background(137, 137, grey), "is dark"));
  for (const int grey : {160, 200, 240, 255}) CHECK(inspect(on_background(137, 137, grey)).empty());
  // What a network was trained on says what is dark for it.
  const Framing dark_training{.transform = {.crop = 128, .background_range = {0, 255}}};
  CHECK(prepare_photo(on_background(137, 137, 20), dark_training).findings.empty());
}

TEST_CASE("nearly clear pixels are background for advice and prediction alike") {
  const Image faint = square(137, 20, 117, 5);
  CHECK(inspect(faint).empty());
  Predictor predictor = tiny_predictor();
  const auto predicted = [&](const Image& image) {
    return predictor.predict({image}).probabilities.values;
  };
  const std::vector<float> clear = predicted(square(137, 20, 117, 0));
  CHECK(predicted(faint) == clear);
  CHECK(predicted(square(137, 20, 117, default_min_alpha - 1)) == clear);
  CHECK(predicted(square(137, 20, 117, default_min_alpha)) != clear);
}

TEST_CASE("the colours of clear pixels never change a prediction, unless as published") {
  Image black = square(137, 23, 117), pink = black;  // a pixel of the network sees the edge
  for (std::size_t i = 0; i < pink.pixels.size(); i += 4)
    if (pink.pixels[i + 3] == 0) {
      std::fill_n(&black.pixels[i], 3, 0);
      pink.pixels[i] = 255, pink.pixels[i + 1] = 20, pink.pixels[i + 2] = 147;
    }
  const auto differ = [&](Predictor predictor) {
    return predictor.predict({black}).probabilities.values !=
           predictor.predict({pink}).probabilities.values;
  };
  CHECK_FALSE(differ(tiny_predictor()));
  CHECK_FALSE(differ(tiny_predictor({.min_alpha = 1})));
  CHECK(differ(tiny_predictor({.min_alpha = 0})));
  CHECK(tiny_predictor().framing().transform.min_alpha == default_min_alpha);
  CHECK(tiny_predictor({}, 7).framing().transform.min_alpha == 7);
  CHECK(tiny_predictor({.min_alpha = 3}, 7).framing().transform.min_alpha == 3);
}

TEST_CASE("pictures far from square are padded, or squeezed where that is asked for") {
  const Image wide = on_background(400, 100, 240), high = on_background(90, 300, 240);
  for (const Image* image : {&wide, &high}) {
    CHECK(warns(*image, "padded to a square"));
    CHECK(warns(inspect(*image, 0, true), "changed its proportions"));
  }
  CHECK_FALSE(is_elongated(on_background(200, 100, 240)));
  CHECK(is_elongated(on_background(201, 100, 240)));
  CHECK(inspect(on_background(200, 110, 240)).empty());

  const Image square = padded_to_square(wide);
  REQUIRE(square.width == 400);
  REQUIRE(square.height == 400);
  int wrong = 0;
  for (int y = 0; y < 400; ++y)
    for (int x = 0; x < 400; ++x) {
      const bool inside = y >= 150 && y < 250;
      wrong += square.at(x, y)[1] != (inside ? wide.at(x, y - 150)[1] : 240);
    }
  CHECK(wrong == 0);
  Image clear(10, 30, 4);
  std::ranges::fill(clear.pixels, 255);
  CHECK(padded_to_square(clear).at(0, 15)[3] == 0);
  CHECK(padded_to_square(clear).at(15, 15)[3] == 255);

  // Around it is the mean of its corners, to the nearest step.
  Image corners = on_background(10, 30, 100);
  for (int c = 0; c < 3; ++c) corners.at(9, 29)[c] = std::uint8_t(100 + 2 * c);
  for (int c = 0; c < 3; ++c) CHECK(padded_to_square(corners).at(0, 0)[c] == 100 + (c + 1) / 2);

  // The network sees all of it, and the same as from the padded picture.
  const FramedPicture framed = frame_picture(wide, {.transform = {.crop = 128}});
  CHECK(framed.transform.crop == 0);
  const std::vector<float> padded = tiny_predictor().predict({wide}).probabilities.values;
  CHECK(tiny_predictor({.squeeze = true}).predict({wide}).probabilities.values != padded);
}

TEST_CASE("empty and full volumes are pointed out") {
  VoxelGrid grid(4);
  CHECK(inspect_volume(grid, 0.3).find("empty") != std::string::npos);
  grid.at(1, 1, 1) = 0.5f;
  CHECK(inspect_volume(grid, 0.3).empty());
  for (float& value : grid.values) value = 1;
  CHECK(inspect_volume(grid, 0.3).find("full") != std::string::npos);
}
