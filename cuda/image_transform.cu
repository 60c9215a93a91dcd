// Pictures to what a network sees: one block per some rows of a picture, one thread per column of
// them. First the sums for the means, where contrast asks for them: each block adds up its rows in
// a fixed order, and every block of the second kernel adds the blocks' sums in theirs.
#include <algorithm>

#include "cuda/kernels.h"
#include "cuda/runtime/launch.cuh"
#include "tensor/environment.h"
#include "tensor/ops/convert_ops.h"
#include "tensor/ops/image_functors.h"

namespace voxgrad::cuda {
namespace {

constexpr int kRows = 8;       // a block
constexpr int kMeanRows = 32;  // a block that adds up

__device__ const ImageParameters& picture_of(const std::uint8_t* block) {
  return reinterpret_cast<const ImageParameters*>(block)[blockIdx.y];
}

/// sums [N,gridDim.x,3]: of the resized colours of a block's rows.
template <class T>
__global__ void __launch_bounds__(kThreads)
    add_up(const std::uint8_t* block, int size, double* sums) {
  __shared__ double partial[kThreads][3];
  const ImageParameters& picture = picture_of(block);
  if (!picture.needs_mean) return;  // all threads alike
  const std::uint8_t* pixels = block + picture.offset;
  const int first = int(blockIdx.x) * kMeanRows, end = std::min(first + kMeanRows, size);
  double mine[3] = {};
  for (int x = int(threadIdx.x); x < size; x += kThreads) {
    const functors::Tap column = functors::column_tap(picture, x, size);
    for (int y = first; y < end; ++y) {
      const functors::Color<T> color =
          functors::resized_color<T>(pixels, picture, column, functors::row_tap(picture, y, size));
      for (int c = 0; c < 3; ++c) mine[c] += double(color.channel[c]);
    }
  }
  for (int c = 0; c < 3; ++c) partial[threadIdx.x][c] = mine[c];
  for (int half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (int(threadIdx.x) < half)
      for (int c = 0; c < 3; ++c) partial[threadIdx.x][c] += partial[threadIdx.x + half][c];
  }
  if (threadIdx.x == 0)
    for (int c = 0; c < 3; ++c)
      sums[(std::int64_t(blockIdx.y) * gridDim.x + blockIdx.x) * 3 + c] = partial[0][c];
}

template <class S>
__global__ void __launch_bounds__(kThreads)
    write_pictures(const std::uint8_t* block, int size, const double* sums, int sum_blocks, S* y) {
  using T = Compute<S>;
  __shared__ double total[3];
  const ImageParameters& picture = picture_of(block);
  const std::uint8_t* pixels = block + picture.offset;
  const int first = int(blockIdx.x) * kRows, end = std::min(first + kRows, size);
  y += std::int64_t(blockIdx.y) * size * size * 3;
  if (picture.width == 0) {  // all threads alike
    const float* finished = reinterpret_cast<const float*>(pixels);
    for (std::int64_t i = std::int64_t(first) * size * 3 + threadIdx.x;
         i < std::int64_t(end) * size * 3; i += kThreads)
      y[i] = convert_value<S>(finished[i]);
    return;
  }
  if (threadIdx.x < 3 && picture.needs_mean) {
    double sum = 0;
    for (int i = 0; i < sum_blocks; ++i)
      sum += sums[(std::int64_t(blockIdx.y) * sum_blocks + i) * 3 + threadIdx.x];
    total[threadIdx.x] = sum;
  }
  __syncthreads();
  functors::ColorRow<T> rows[3];
  for (int c = 0; c < 3; ++c)
    rows[c] = functors::color_row<T>(picture, c, total, double(size) * size);
  for (int x = int(threadIdx.x); x < size; x += kThreads) {
    const functors::Tap column = functors::column_tap(picture, x, size);
    for (int row = first; row < end; ++row) {
      const functors::Color<T> color = functors::resized_color<T>(
          pixels, picture, column, functors::row_tap(picture, row, size));
      S* const to = y + (std::int64_t(row) * size + x) * 3;
      for (int c = 0; c < 3; ++c) to[c] = store<S>(rows[c](color));
    }
  }
}

void transform(const Tensor& packed, const Tensor& y) {
  const OpScope op("transform_pictures", packed, y);
  dispatch_floating("transform_pictures", y.dtype(), [&]<class S>() {
    const std::uint8_t* const block = packed.data<std::uint8_t>();
    const int size = int(y.shape()[1]);
    const auto pictures = unsigned(y.shape()[0]);
    check(pictures <= 65535, "[transform_pictures] a batch has at most 65535 pictures, got ",
          y.shape());
    const int sum_blocks = int(divide_up(size, kMeanRows));
    const Tensor sums({y.shape()[0], sum_blocks, 3}, DType::f64, y.device());
    launch(add_up<Compute<S>>, dim3(unsigned(sum_blocks), pictures), kThreads, 0, block, size,
           sums.data<double>());
    launch(write_pictures<S>, dim3(unsigned(divide_up(size, kRows)), pictures), kThreads, 0, block,
           size, sums.data<double>(), sum_blocks, y.data<S>());
  });
}

}  // namespace

const ImageOps image_ops{[](int) { return environment("VOXGRAD_HOST_PICTURES") == nullptr; },
                         transform};

}  // namespace voxgrad::cuda
