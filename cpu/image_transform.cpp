// Pictures to what a network sees, a pixel at a time. The loader's own way
// (datasets/transforms/image_resampler.h) is faster; this one is for reading, for tests, and for
// pictures that were packed for a device.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/image_transform.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "simd/simd.h"
#include "tensor/ops/convert_ops.h"
#include "tensor/ops/image_functors.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::HWY_NAMESPACE {
namespace {

template <class S>
void transform_one(const std::uint8_t* block, const ImageParameters& picture, int size, S* y) {
  using T = Compute<S>;
  const std::uint8_t* pixels = block + picture.offset;
  if (picture.width == 0) {
    const float* finished = reinterpret_cast<const float*>(pixels);
    for (std::int64_t i = 0; i < std::int64_t(size) * size * 3; ++i)
      y[i] = convert_value<S>(finished[i]);
    return;
  }
  const auto color_at = [&](int x, const functors::Tap& row) HWY_ATTR {
    return functors::resized_color<T>(pixels, picture, functors::column_tap(picture, x, size), row);
  };
  double sums[3] = {};
  for (int row = 0; picture.needs_mean && row < size; ++row) {
    const functors::Tap tap = functors::row_tap(picture, row, size);
    double of_row[3] = {};  // so that errors grow with a row's length, not with the picture's
    for (int x = 0; x < size; ++x) {
      const functors::Color<T> color = color_at(x, tap);
      for (int i = 0; i < 3; ++i) of_row[i] += double(color.channel[i]);
    }
    for (int i = 0; i < 3; ++i) sums[i] += of_row[i];
  }
  functors::ColorRow<T> map[3];
  for (int c = 0; c < 3; ++c)
    map[c] = functors::color_row<T>(picture, c, sums, double(size) * size);
  for (int row = 0; row < size; ++row) {
    const functors::Tap tap = functors::row_tap(picture, row, size);
    for (int x = 0; x < size; ++x) {
      const functors::Color<T> color = color_at(x, tap);
      for (const functors::ColorRow<T>& channel : map) *y++ = store<S>(channel(color));
    }
  }
}

void transform(const Tensor& packed, const Tensor& y) {
  dispatch_floating("transform_pictures", y.dtype(), [&]<class S>() {
    const std::uint8_t* const block = packed.data<std::uint8_t>();
    const auto* const pictures = reinterpret_cast<const ImageParameters*>(block);
    S* const out = y.data<S>();
    const int size = int(y.shape()[1]);
    const std::int64_t numbers = std::int64_t(size) * size * 3;
    for_each_task(y.shape()[0], numbers, [=](std::int64_t i) HWY_ATTR {
      transform_one(block, pictures[i], size, out + i * numbers);
    });
  });
}

}  // namespace

ImageOps make_image_ops() {
  return {[](int) { return false; }, transform};
}

}  // namespace voxgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu {

HWY_EXPORT(make_image_ops);
const ImageOps& image_ops() {
  simd::limit_kernels();  // as this may be called before this file's static objects are made
  static const ImageOps ops = HWY_DYNAMIC_DISPATCH(make_image_ops)();
  return ops;
}

}  // namespace voxgrad::cpu
#endif
