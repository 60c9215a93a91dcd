#include <doctest/doctest.h>

#include "pix2vox/prediction/input_check.h"
#include "pix2vox/prediction/predictor.h"
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

bool warns(const Image& image, const char* words) {
  for (const std::string& warning : inspect_picture(image, 128))
    if (warning.find(words) != std::string::npos) return true;
  return false;
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
  REQUIRE(one.seen.size() == 1);
  CHECK(one.seen[0].width == tiny_model().image_size);
  for (const float p : one.probabilities.values) CHECK((p >= 0 && p <= 1));
  CHECK(predictor.predict({dataset.view(0, 0), Image(50, 30, 1)}).seen.size() == 2);
  CHECK_THROWS_AS(predictor.predict({}), Error);
}

TEST_CASE("pictures that the network cannot read well are explained") {
  CHECK(inspect_picture(square(137, 20, 117), 128).empty());
  CHECK(inspect_picture(square(137, 20, 117, 255), 128).empty());  // plain background
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

TEST_CASE("empty and full volumes are pointed out") {
  VoxelGrid grid(4);
  CHECK(inspect_volume(grid, 0.3).find("empty") != std::string::npos);
  grid.at(1, 1, 1) = 0.5f;
  CHECK(inspect_volume(grid, 0.3).empty());
  for (float& value : grid.values) value = 1;
  CHECK(inspect_volume(grid, 0.3).find("full") != std::string::npos);
}
