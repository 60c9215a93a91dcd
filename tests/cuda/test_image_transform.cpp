// Pictures made by the device.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "datasets/transforms/deferred_view.h"
#include "pix2vox/data/batch_upload.h"
#include "tests/cuda/device_cases.h"
#include "tests/support/pictures.h"
#include "tests/support/source_tree.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

/// Views of one size and what transform_view makes of them.
struct Views {
  std::vector<DeferredView> packed;
  Tensor expected;  // f32 [N,S,S,3]
  int size = 0;

  void add(const Image& picture, const std::optional<Box>& box, const AugmentationDraw& draw,
           const TransformOptions& options) {
    Tensor view({1, options.size, options.size, 3});
    transform_view(picture, box, draw, 0, options, view.data<float>());
    packed.push_back(pack_view(std::make_shared<const Image>(picture), box, draw, 0, options));
    const Tensor more({std::int64_t(packed.size()), options.size, options.size, 3});
    if (expected.defined()) more.slice(0, expected.shape()[0]).copy_from(expected);
    more.slice(more.shape()[0] - 1, more.shape()[0]).copy_from(view);
    expected = more;
    size = options.size;
  }

  Tensor block() const {
    const Tensor bytes({std::int64_t(packed_bytes(packed))}, DType::u8);
    write_packed(packed, bytes.data<std::uint8_t>());
    return bytes;
  }
};

/// One batch of pictures of all kinds, cropped and not, larger than their view too.
Views views_of_all_kinds(int size, bool training) {
  Rng rng(31);
  Views views;
  for (PictureCase test : picture_cases()) {
    test.size = size;
    const TransformOptions options = options_of(test);
    AugmentationDraw draw =
        training ? sample_augmentation(rng, 1, options) : no_augmentation(1, options);
    draw.views[0].flip = training && views.packed.size() % 2 == 0;
    views.add(picture_of(test, rng), test.box, draw, options);
  }
  return views;
}

Tensor made_by_device(const Views& views, DType dtype) {
  const GuardedOutput result({std::int64_t(views.packed.size()), views.size, views.size, 3}, dtype);
  gpu().images.transform(to_gpu(views.block()), result);
  return result.get();
}

double largest_difference(const Tensor& a, const Tensor& b) {
  const auto x = a.to(DType::f64).to_vector<double>(), y = b.to(DType::f64).to_vector<double>();
  REQUIRE(x.size() == y.size());
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (const double difference = std::abs(x[i] - y[i]); !(difference <= largest))
      largest = difference;  // keeps NaN
  return largest;
}

}  // namespace

TEST_CASE("the device's pictures are those of the CPU's kernel in f64") {
  if (no_device()) return;
  for (const int size : {1, 33, 224}) {
    const Views views = views_of_all_kinds(size, true);
    const Tensor expected(views.expected.shape(), DType::f64);
    backend(Device::cpu()).images.transform(views.block(), expected);
    for (const DType dtype : kMaps) {
      CAPTURE(size);
      CAPTURE(name_of(dtype));
      check_close(made_by_device(views, dtype), expected);
    }
  }
}

TEST_CASE("the device's pictures are the loader's") {
  if (no_device()) return;
  for (const bool training : {false, true})
    for (const int size : {33, 224}) {
      CAPTURE(training);
      CAPTURE(size);
      const Views views = views_of_all_kinds(size, training);
      CHECK(largest_difference(made_by_device(views, DType::f32), views.expected) <= 2e-6);
    }
}

TEST_CASE("so are those of real pictures, bf16 is their rounding, and the bits repeat") {
  if (no_device()) return;
  Rng rng(32);
  const TransformOptions options;
  for (const bool training : {false, true}) {
    CAPTURE(training);
    Views views;
    for (const char* name : {"picture_128.png", "picture_137.png", "picture_201x160_rgb.png",
                             "picture_90x70_grey.png"})
      views.add(read_image(in_source_tree("tests/golden/pictures") / name), {},
                training ? sample_augmentation(rng, 1, options) : no_augmentation(1, options),
                options);
    const Tensor actual = made_by_device(views, DType::f32);
    CHECK(largest_difference(actual, views.expected) <= 2e-6);
    const auto exact = actual.to_vector<float>();
    const auto rounded = made_by_device(views, DType::bf16).to(DType::f32).to_vector<float>();
    bool close = rounded.size() == exact.size();
    for (std::size_t i = 0; close && i < exact.size(); ++i)
      close = std::abs(rounded[i] - exact[i]) <= 0x1p-8f * std::abs(exact[i]) + 1e-6f;
    CHECK(close);
    CHECK(identical(made_by_device(views, DType::f32), actual));  // the same bits again
  }
}

TEST_CASE("batches arrive packed and not, with volumes of any values, at one place") {
  if (no_device()) return;
  Rng rng(33);
  const Views views = views_of_all_kinds(24, true);
  Batch batch;
  batch.n_views = 1;
  batch.size = std::int64_t(views.packed.size());
  batch.image_size = 24;
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    CAPTURE(precision);
    BatchUpload upload(Device::cuda(), precision);
    Tensor place;
    for (const bool binary : {true, false, true}) {
      batch.packed = views.packed;
      batch.images = Tensor();
      batch.volumes = random_uniform(rng, {batch.size, 4, 4, 4}, 0, 1, DType::f32);
      for (std::int64_t i = 0; binary && i < batch.volumes.numel(); ++i)
        batch.volumes.data<float>()[i] = float(i % 3 == 0);
      const auto [images, volumes] = upload(batch);
      CHECK(images.dtype() == (precision == Precision::bf16 ? DType::bf16 : DType::f32));
      CHECK(identical(to_cpu(images), made_by_device(views, images.dtype())));
      CHECK(identical(to_cpu(volumes), batch.volumes));
      CHECK((!place.defined() || place.shares_storage_with(images)));
      place = images;
    }
    batch.packed.clear();
    batch.images = views.expected;
    const auto [images, volumes] = upload(batch);
    CHECK(identical(to_cpu(images), views.expected));
    CHECK(identical(to_cpu(volumes), batch.volumes));
  }
}

TEST_CASE("VOXGRAD_HOST_PICTURES leaves pictures to the host") {
  if (no_device()) return;
  CHECK_FALSE(BatchUpload::wants_packed(Device::cpu()));
  CHECK(BatchUpload::wants_packed(Device::cuda()));
  setenv("VOXGRAD_HOST_PICTURES", "1", 1);
  CHECK_FALSE(BatchUpload::wants_packed(Device::cuda()));
  unsetenv("VOXGRAD_HOST_PICTURES");
}
