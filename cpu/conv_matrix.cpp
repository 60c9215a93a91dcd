#include "cpu/conv_matrix.h"

#include <algorithm>

#include "cpu/dot_products.h"
#include "cpu/onednn.h"
#include "cpu/parallel.h"

namespace voxgrad::cpu::conv_matrix {
namespace {

using onednn::Matrix;
using onednn::multiply;

std::int64_t rows_of(const ConvGeometry& g) {
  return g.batch * g.output_volume();
}
std::int64_t columns_of(const ConvGeometry& g) {
  return g.kernel_volume() * g.in_channels;
}

/// The matrix is x itself: a linear layer, or a 1x1 convolution.
bool is_plain(const ConvGeometry& g) {
  const Triple ones{1, 1, 1}, zeros{0, 0, 0};
  return g.kernel == ones && g.stride == ones && g.padding == zeros;
}

Triple split(std::int64_t index, const Triple& extents) {
  return {index / extents[2] / extents[1], index / extents[2] % extents[1], index % extents[2]};
}

/// One row a pixel of y: what it sees of x, zeros in the padding.
Tensor gather_patches(const ConvGeometry& g, const Tensor& x) {
  if (is_plain(g)) return x;
  const Tensor patches({rows_of(g), columns_of(g)}, DType::f32);
  const float* const in = x.data<float>();
  float* const out = patches.data<float>();
  for_each_task(rows_of(g), columns_of(g), [&](std::int64_t row) {
    const std::int64_t sample = row / g.output_volume();
    const Triple at = split(row % g.output_volume(), g.output);
    float* to = out + row * columns_of(g);
    for (std::int64_t k = 0; k < g.kernel_volume(); ++k, to += g.in_channels) {
      const Triple tap = split(k, g.kernel);
      std::int64_t pixel = sample;
      bool inside = true;
      for (int a = 0; a < 3; ++a) {
        const std::int64_t position = at[a] * g.stride[a] + tap[a] - g.padding[a];
        inside = inside && position >= 0 && position < g.input[a];
        pixel = pixel * g.input[a] + position;
      }
      if (inside)
        std::copy_n(in + pixel * g.in_channels, g.in_channels, to);
      else
        std::fill_n(to, g.in_channels, 0.0f);
    }
  });
  return patches;
}

/// The reverse: every pixel of x adds up what the rows hold of it, in the order of the taps.
void sum_patches(const ConvGeometry& g, const Tensor& patches, const Tensor& dx) {
  const float* const in = patches.data<float>();
  float* const out = dx.data<float>();
  for_each_task(g.batch * g.input_volume(), columns_of(g), [&](std::int64_t pixel) {
    const std::int64_t sample = pixel / g.input_volume();
    const Triple at = split(pixel % g.input_volume(), g.input);
    float* sum = out + pixel * g.in_channels;
    std::fill_n(sum, g.in_channels, 0.0f);
    for (std::int64_t k = 0; k < g.kernel_volume(); ++k) {
      const Triple tap = split(k, g.kernel);
      std::int64_t row = sample;
      bool inside = true;
      for (int a = 0; a < 3; ++a) {
        const std::int64_t distance = at[a] + g.padding[a] - tap[a];
        inside = inside && distance >= 0 && distance % g.stride[a] == 0 &&
                 distance / g.stride[a] < g.output[a];
        row = row * g.output[a] + distance / g.stride[a];
      }
      if (!inside) continue;
      const float* part = in + row * columns_of(g) + k * g.in_channels;
#pragma omp simd
      for (std::int64_t c = 0; c < g.in_channels; ++c) sum[c] += part[c];
    }
  });
}

}  // namespace

bool suits(const ConvGeometry& g) {
  constexpr std::int64_t heavy = 1 << 19;  // weights
  constexpr std::int64_t few = 1 << 12;    // pixels
  return g.spatial_rank == 0 ||
         (g.out_channels * columns_of(g) >= heavy && rows_of(g) <= few && g.spatial_rank == 3);
}

void forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Tensor& y) {
  const Tensor patches = gather_patches(g, x);
  const std::int64_t columns = columns_of(g);
  multiply_rows(rows_of(g), g.out_channels, columns, patches.data<float>(), w.data<float>(),
                y.data<float>());
}

void backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w, const Tensor& dx) {
  const std::int64_t columns = columns_of(g);
  const Tensor patches = is_plain(g) ? dx : Tensor({rows_of(g), columns}, DType::f32);
  multiply(rows_of(g), columns, g.out_channels, {dy.data<float>(), g.out_channels},
           {w.data<float>(), columns}, patches.data<float>());
  if (!is_plain(g)) sum_patches(g, patches, dx);
}

void backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
  const Tensor patches = gather_patches(g, x);
  const std::int64_t columns = columns_of(g);
  multiply(g.out_channels, columns, rows_of(g), {dy.data<float>(), g.out_channels, true},
           {patches.data<float>(), columns}, dw.data<float>());
}

}  // namespace voxgrad::cpu::conv_matrix
