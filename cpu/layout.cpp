// Kernels that move elements. They work on sizes of elements, so every dtype goes.
#include <cstring>

#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "tensor/ops/convert_ops.h"

namespace voxgrad::cpu {
namespace {

void permute(const Tensor& x, const Permutation& order, const Tensor& y) {
  const int rank = x.shape().rank();
  if (y.numel() == 0) return;
  // Aligned to the right in six dimensions: the extents of y, and how far a step along them is in
  // x.
  std::array<std::int64_t, Shape::max_rank> extent, step;
  extent.fill(1);
  step.fill(0);
  for (int i = 0; i < rank; ++i) {
    const int slot = Shape::max_rank - rank + i;
    extent[slot] = x.shape()[order[i]];
    step[slot] = 1;
    for (int j = order[i] + 1; j < rank; ++j) step[slot] *= x.shape()[j];
  }
  const std::int64_t length = extent[5];
  dispatch_any(x.dtype(), [&]<class T>() {
    const T* const in = x.data<T>();
    T* const out = y.data<T>();
    for_each_task(y.numel() / length, length, [&](std::int64_t row) {
      std::int64_t rest = row, start = 0;
      for (int slot = 4; slot >= 0; --slot) {
        start += rest % extent[slot] * step[slot];
        rest /= extent[slot];
      }
      for (std::int64_t i = 0; i < length; ++i) out[row * length + i] = in[start + i * step[5]];
    });
  });
}

/// Copies `width` channels of every row between tensors with other numbers of channels.
void copy_channels(const Tensor& from, std::int64_t from_channel, const Tensor& to,
                   std::int64_t to_channel, std::int64_t width) {
  const std::size_t size = size_of(from.dtype());
  const std::size_t from_stride = std::size_t(from.shape()[-1]) * size;
  const std::size_t to_stride = std::size_t(to.shape()[-1]) * size;
  const char* const source =
      static_cast<const char*>(from.raw()) + std::size_t(from_channel) * size;
  char* const target = static_cast<char*>(to.raw()) + std::size_t(to_channel) * size;
  const std::size_t bytes = std::size_t(width) * size;
  for_each_task(to.shape().rows(), width, [=](std::int64_t row) {
    std::memcpy(target + std::size_t(row) * to_stride, source + std::size_t(row) * from_stride,
                bytes);
  });
}

void concat_channels(const Tensor& a, const Tensor& b, const Tensor& y) {
  copy_channels(a, 0, y, 0, a.shape()[-1]);
  copy_channels(b, 0, y, a.shape()[-1], b.shape()[-1]);
}

void slice_channels(const Tensor& x, std::int64_t begin, const Tensor& y) {
  copy_channels(x, begin, y, 0, y.shape()[-1]);
}

}  // namespace

const LayoutOps& layout_ops() {
  static const LayoutOps ops{permute, concat_channels, slice_channels};
  return ops;
}

}  // namespace voxgrad::cpu
