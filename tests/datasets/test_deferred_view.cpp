// Views packed for a device, against transform_view. The CPU's kernel stands for the device's:
// tests/cuda/test_image_transform.cpp holds that against it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "datasets/transforms/deferred_view.h"
#include "tests/datasets/epochs.h"
#include "tests/datasets/fake_dataset.h"
#include "tests/support/pictures.h"
#include "tests/support/tensors.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

double largest_difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  double largest = 0;
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const double difference = std::abs(double(a.data<float>()[i]) - double(b.data<float>()[i]));
    if (!(difference <= largest)) largest = difference;  // keeps NaN
  }
  return largest;
}

}  // namespace

TEST_CASE("a packed view is the view, for every kind of picture and way to resize") {
  Rng rng(21);
  for (const PictureCase& test : picture_cases())
    for (const bool training : {false, true}) {
      CAPTURE(test.width);
      CAPTURE(test.channels);
      CAPTURE(test.size);
      CAPTURE(training);
      const auto picture = std::make_shared<const Image>(picture_of(test, rng));
      const TransformOptions options = options_of(test);
      AugmentationDraw draw =
          training ? sample_augmentation(rng, 1, options) : no_augmentation(1, options);
      draw.views[0].flip = training;
      Tensor expected({1, test.size, test.size, 3});
      transform_view(*picture, test.box, draw, 0, options, expected.data<float>());
      const std::vector<DeferredView> packed{pack_view(picture, test.box, draw, 0, options)};
      CHECK(packed[0].size <= std::min(picture->pixels.size(), expected.bytes()));
      CHECK(largest_difference(unpack_views(packed, test.size), expected) <= 2e-6);
    }
}

TEST_CASE("a picture of more bytes than the view is transformed before it is packed") {
  Rng rng(22);
  const PictureCase test{100, 100, 3, 32, 0};
  const auto picture = std::make_shared<const Image>(picture_of(test, rng));
  const TransformOptions options = options_of(test);
  const AugmentationDraw draw = sample_augmentation(rng, 1, options);
  const Tensor expected({1, 32, 32, 3});
  transform_view(*picture, {}, draw, 0, options, expected.data<float>());
  const std::vector<DeferredView> packed{pack_view(picture, {}, draw, 0, options)};
  CHECK(packed[0].size == expected.bytes());
  CHECK(packed[0].parameters.width == 0);
  CHECK(identical(unpack_views(packed, 32), expected));
}

TEST_CASE("pictures that cannot be transformed cannot be packed") {
  const TransformOptions options;
  const AugmentationDraw draw = no_augmentation(1, options);
  CHECK_THROWS_WITH_AS(pack_view(std::make_shared<const Image>(), {}, draw, 0, options),
                       doctest::Contains("a picture needs pixels"), Error);
  CHECK_THROWS_WITH_AS(
      pack_view(std::make_shared<const Image>(4, 4, 3), Box{0.5, 0, 0.5, 1}, draw, 0, options),
      doctest::Contains("has no area"), Error);
}

TEST_CASE("packed batches hold the same draws, for any number of threads") {
  const FakeDataset data(10, 3);
  LoaderOptions options = small_options(4, 2);
  options.augment = options.shuffle = true;
  options.seed = 5;
  Loader plain(data, options);
  options.pack = true;
  options.threads = 3;
  Loader packing(data, options);
  const std::vector<Batch> expected = load_epoch(plain, 1), packed = load_epoch(packing, 1);
  REQUIRE(packed.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK_FALSE(packed[i].images.defined());
    const std::int64_t rows = expected[i].images.shape()[0];
    CHECK(std::int64_t(packed[i].packed.size()) == rows);
    CHECK(largest_difference(packed[i].first_images(rows), expected[i].images) <= 2e-6);
    CHECK(identical(packed[i].first_images(1), packed[i].first_images(rows).slice(0, 1)));
    CHECK(identical(packed[i].volumes, expected[i].volumes));
    CHECK(identical(expected[i].first_images(2), expected[i].images.slice(0, 2)));
  }
}
