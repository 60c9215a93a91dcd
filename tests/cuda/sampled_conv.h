// Single results of a convolution by direct summation, in f64, for maps that are too large to be
// computed as a whole on the host: its tensors are a block of values, repeated.
#pragma once

#include <algorithm>
#include <vector>

#include "tests/cuda/conv_bounds.h"

namespace voxgrad::testing {

/// A tensor whose element i is block[i % block.size()]. The size is a prime, so that no two rows or
/// taps are the same.
struct RepeatedTensor {
  std::vector<double> block;
  Tensor on_device;

  double operator[](std::int64_t i) const { return block[std::size_t(i) % block.size()]; }
};

/// Of random normal values that `precision` holds, so that tensor cores round none of them.
inline RepeatedTensor repeated_tensor(Rng& rng, const Shape& shape, Precision precision) {
  constexpr std::int64_t most = 1048573;
  const DType dtype = precision == Precision::bf16 ? DType::bf16 : DType::f32;
  const std::int64_t size = std::min(most, shape.numel());
  Tensor values = random_normal(rng, {size}, dtype);
  if (precision == Precision::tf32) values = rounded_to_tf32(values);
  const Tensor block = to_gpu(values), flat({shape.numel()}, dtype, Device::cuda());
  for (std::int64_t at = 0; at < shape.numel(); at += size) {
    const std::int64_t end = std::min(at + size, shape.numel());
    flat.slice(at, end).copy_from(block.slice(0, end - at));
  }
  return {values.to(DType::f64).to_vector<double>(), flat.reshape(shape)};
}

struct SampledResult {
  double value = 0, magnitude = 0;  // magnitude: of the sum of the products' absolute values

  void add(double a, double b) {
    value += a * b;
    magnitude += std::fabs(a * b);
  }
};

/// Position along an axis of the input that an output and a tap meet in.
inline bool meet(const ConvGeometry& g, std::size_t axis, std::int64_t input, std::int64_t tap,
                 std::int64_t& output) {
  const std::int64_t at = input + g.padding[axis] - tap;
  output = at / g.stride[axis];
  return at >= 0 && at % g.stride[axis] == 0 && output < g.output[axis];
}

/// f(element of a channel 0 of x, tap, element of channel 0 of y) for all that meet in a pixel of
/// x, whose coordinates are given.
template <class F>
void for_each_meeting(const ConvGeometry& g, std::int64_t n, const Triple& pixel, F f) {
  std::int64_t tap = 0;
  const auto& k = g.kernel;
  const std::int64_t at_x =
      ((n * g.input[0] + pixel[0]) * g.input[1] + pixel[1]) * g.input[2] + pixel[2];
  for (std::int64_t i = 0; i < k[0]; ++i)
    for (std::int64_t j = 0; j < k[1]; ++j)
      for (std::int64_t l = 0; l < k[2]; ++l, ++tap) {
        std::int64_t d = 0, h = 0, w = 0;
        if (meet(g, 0, pixel[0], i, d) && meet(g, 1, pixel[1], j, h) && meet(g, 2, pixel[2], l, w))
          f(at_x * g.in_channels, tap,
            (((n * g.output[0] + d) * g.output[1] + h) * g.output[2] + w) * g.out_channels);
      }
}

/// y[index].
inline SampledResult sampled_forward(const ConvGeometry& g, const RepeatedTensor& x,
                                     const RepeatedTensor& w, std::int64_t index) {
  SampledResult sum;
  const std::int64_t f = index % g.out_channels, pixel = index / g.out_channels;
  const Triple o{pixel / (g.output[1] * g.output[2]) % g.output[0],
                 pixel / g.output[2] % g.output[1], pixel % g.output[2]};
  const std::int64_t n = pixel / g.output_volume();
  std::int64_t tap = 0;
  for (std::int64_t i = 0; i < g.kernel[0]; ++i)
    for (std::int64_t j = 0; j < g.kernel[1]; ++j)
      for (std::int64_t l = 0; l < g.kernel[2]; ++l, ++tap) {
        const Triple at{o[0] * g.stride[0] - g.padding[0] + i,
                        o[1] * g.stride[1] - g.padding[1] + j,
                        o[2] * g.stride[2] - g.padding[2] + l};
        bool inside = true;
        for (std::size_t axis = 0; axis < 3; ++axis)
          inside = inside && at[axis] >= 0 && at[axis] < g.input[axis];
        if (!inside) continue;
        const std::int64_t from =
            (((n * g.input[0] + at[0]) * g.input[1] + at[1]) * g.input[2] + at[2]) * g.in_channels;
        for (std::int64_t c = 0; c < g.in_channels; ++c)
          sum.add(x[from + c], w[(f * g.kernel_volume() + tap) * g.in_channels + c]);
      }
  return sum;
}

/// dx[index].
inline SampledResult sampled_backward_data(const ConvGeometry& g, const RepeatedTensor& dy,
                                           const RepeatedTensor& w, std::int64_t index) {
  SampledResult sum;
  const std::int64_t c = index % g.in_channels, at = index / g.in_channels;
  const Triple pixel{at / (g.input[1] * g.input[2]) % g.input[0], at / g.input[2] % g.input[1],
                     at % g.input[2]};
  for_each_meeting(g, at / g.input_volume(), pixel,
                   [&](std::int64_t, std::int64_t tap, std::int64_t at_y) {
                     for (std::int64_t f = 0; f < g.out_channels; ++f)
                       sum.add(dy[at_y + f], w[(f * g.kernel_volume() + tap) * g.in_channels + c]);
                   });
  return sum;
}

/// dw[index].
inline SampledResult sampled_backward_weight(const ConvGeometry& g, const RepeatedTensor& x,
                                             const RepeatedTensor& dy, std::int64_t index) {
  SampledResult sum;
  const std::int64_t c = index % g.in_channels, tap = index / g.in_channels % g.kernel_volume();
  const std::int64_t f = index / g.in_channels / g.kernel_volume();
  const Triple k{tap / (g.kernel[1] * g.kernel[2]), tap / g.kernel[2] % g.kernel[1],
                 tap % g.kernel[2]};
  std::int64_t at_y = 0;
  for (std::int64_t n = 0; n < g.batch; ++n)
    for (std::int64_t d = 0; d < g.output[0]; ++d)
      for (std::int64_t h = 0; h < g.output[1]; ++h)
        for (std::int64_t l = 0; l < g.output[2]; ++l, ++at_y) {
          const std::int64_t xd = d * g.stride[0] - g.padding[0] + k[0];
          const std::int64_t xh = h * g.stride[1] - g.padding[1] + k[1];
          const std::int64_t xw = l * g.stride[2] - g.padding[2] + k[2];
          if (xd < 0 || xd >= g.input[0] || xh < 0 || xh >= g.input[1] || xw < 0 ||
              xw >= g.input[2])
            continue;
          const std::int64_t at_x = ((n * g.input[0] + xd) * g.input[1] + xh) * g.input[2] + xw;
          sum.add(x[at_x * g.in_channels + c], dy[at_y * g.out_channels + f]);
        }
  return sum;
}

}  // namespace voxgrad::testing
