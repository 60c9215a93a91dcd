// Random convolutions, and the plainest possible loops to hold kernels against.
#pragma once

#include <algorithm>
#include <cmath>

#include "tensor/ops/conv_ops.h"
#include "tests/support/tensors.h"

namespace voxgrad::testing {

/// A small convolution with random rank, sizes, strides and padding; channels 1 to max_channels.
inline ConvGeometry random_geometry(Rng& rng, std::int64_t max_channels) {
  const int rank = random_int(rng, 0, 7) == 0 ? 0 : int(random_int(rng, 2, 3));
  ConvGeometry g;
  g.spatial_rank = rank;
  g.batch = random_int(rng, 1, 3);
  g.in_channels = random_int(rng, 1, max_channels);
  g.out_channels = random_int(rng, 1, max_channels);
  for (int axis = 3 - rank; axis < 3; ++axis) {
    g.kernel[axis] = random_int(rng, 1, 4);
    g.stride[axis] = random_int(rng, 1, 3);
    g.padding[axis] = random_int(rng, 0, g.kernel[axis] - 1);
    const std::int64_t least = std::max<std::int64_t>(1, g.kernel[axis] - 2 * g.padding[axis]);
    g.input[axis] = least + random_int(rng, 0, 8);
    g.output[axis] = (g.input[axis] + 2 * g.padding[axis] - g.kernel[axis]) / g.stride[axis] + 1;
  }
  return g;
}

/// Calls body(index of x, index of y, index of w) for every product of the convolution's sum.
template <class Body>
void for_each_product(const ConvGeometry& g, Body body) {
  const auto flat = [](std::int64_t n, const Triple& at, const Triple& extents) {
    return ((n * extents[0] + at[0]) * extents[1] + at[1]) * extents[2] + at[2];
  };
  for (std::int64_t n = 0; n < g.batch; ++n)
    for (std::int64_t o = 0; o < g.output_volume(); ++o)
      for (std::int64_t k = 0; k < g.kernel_volume(); ++k) {
        const Triple out{o / g.output[2] / g.output[1], o / g.output[2] % g.output[1],
                         o % g.output[2]};
        const Triple tap{k / g.kernel[2] / g.kernel[1], k / g.kernel[2] % g.kernel[1],
                         k % g.kernel[2]};
        Triple in{};
        bool inside = true;
        for (int a = 0; a < 3; ++a) {
          in[a] = out[a] * g.stride[a] + tap[a] - g.padding[a];
          inside = inside && in[a] >= 0 && in[a] < g.input[a];
        }
        if (!inside) continue;
        const std::int64_t x = flat(n, in, g.input) * g.in_channels;
        const std::int64_t y = flat(n, out, g.output) * g.out_channels;
        for (std::int64_t f = 0; f < g.out_channels; ++f)
          for (std::int64_t c = 0; c < g.in_channels; ++c)
            body(x + c, y + f, (f * g.kernel_volume() + k) * g.in_channels + c);
      }
}

/// One direction of a convolution by the definition, in f64, with the sum of absolute products,
/// which bounds the rounding error of any order of summation.
struct PlainResult {
  Tensor value, magnitude;
};

enum class Direction { forward, backward_data, backward_weight };

/// The two factors of a direction: forward x and w, backward_data dy and w, backward_weight x, dy.
inline PlainResult plain_convolution(const ConvGeometry& g, Direction direction,
                                     const Tensor& first, const Tensor& second) {
  const Shape shape = direction == Direction::forward         ? g.output_shape()
                      : direction == Direction::backward_data ? g.input_shape()
                                                              : g.weight_shape();
  const PlainResult result{Tensor::zeros(shape, DType::f64), Tensor::zeros(shape, DType::f64)};
  const double* a = first.data<double>();
  const double* b = second.data<double>();
  double* value = result.value.data<double>();
  double* magnitude = result.magnitude.data<double>();
  for_each_product(g, [&](std::int64_t x, std::int64_t y, std::int64_t w) {
    const std::int64_t i = direction == Direction::backward_data ? y : x;
    const std::int64_t j = direction == Direction::backward_weight ? y : w;
    const std::int64_t k = direction == Direction::forward         ? y
                           : direction == Direction::backward_data ? x
                                                                   : w;
    value[k] += a[i] * b[j];
    magnitude[k] += std::fabs(a[i] * b[j]);
  });
  return result;
}

/// Number of terms of the longest sum of a direction.
inline std::int64_t terms(const ConvGeometry& g, Direction direction) {
  switch (direction) {
    case Direction::forward:
      return g.kernel_volume() * g.in_channels;
    case Direction::backward_data:
      return g.kernel_volume() * g.out_channels;
    default:
      return g.batch * g.output_volume();
  }
}

/// Largest |value - plain| as a share of what rounding may do: 4 sqrt(K) unit sum |a b|, the unit
/// being 2^-24 in f32 and 2^-53 in f64. Above 1 is wrong; NaN counts as infinite.
inline double error_over_bound(const ConvGeometry& g, Direction direction, const Tensor& value,
                               const PlainResult& plain) {
  const double unit = value.dtype() == DType::f32 ? 0x1p-24 : 0x1p-53;
  const double factor = 4.0 * std::sqrt(double(terms(g, direction))) * unit;
  const std::vector<double> v = value.to(DType::f64).to_vector<double>();
  double worst = 0;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const double error = std::fabs(v[i] - plain.value.data<double>()[i]);
    const double bound = factor * plain.magnitude.data<double>()[i];
    if (error <= bound && error == 0) continue;
    const double share = error / bound;
    if (!(share < 1e300)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, share);
  }
  return worst;
}

}  // namespace voxgrad::testing
