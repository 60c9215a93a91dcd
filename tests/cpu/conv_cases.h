// Random convolutions, and how far from the reference a kernel may be.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "cpu/conv/epilogue.h"
#include "cpu/conv/reference.h"
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

/// One direction of a convolution by direct summation, in f64, with the sum of absolute products,
/// which bounds the rounding error of any order of summation.
struct PlainResult {
  Tensor value, magnitude;
};

/// The two factors of a direction: forward x and w, backward_data dy and w, backward_weight x, dy.
inline PlainResult plain_convolution(const ConvGeometry& g, ConvDirection direction,
                                     const Tensor& first, const Tensor& second) {
  const ConvProblem problem{direction, g, DType::f64, DType::f64};
  const auto convolved = [&](const Tensor& a, const Tensor& b) {
    const Tensor result(problem.result_shape(), DType::f64);
    switch (direction) {
      case ConvDirection::forward:
        cpu::reference::convolve(problem, {a, b, result});
        break;
      case ConvDirection::backward_data:
        cpu::reference::convolve(problem, {result, b, a});
        break;
      default:
        cpu::reference::convolve(problem, {a, result, b});
    }
    return result;
  };
  const auto magnitudes = [](const Tensor& tensor) {
    std::vector<double> values = tensor.to_vector<double>();
    for (double& value : values) value = std::fabs(value);
    return Tensor::from(values, tensor.shape());
  };
  return {convolved(first, second), convolved(magnitudes(first), magnitudes(second))};
}

/// Forward or backward_data with its epilogue, by direct summation, in f64.
inline Tensor plain_with_epilogue(const ConvGeometry& g, ConvDirection direction,
                                  const Tensor& first, const Tensor& second,
                                  const Epilogue& epilogue) {
  const Tensor result = plain_convolution(g, direction, first, second).value;
  cpu::apply_epilogue(epilogue, result, result);
  return result;
}

/// Number of terms of the longest sum of a direction.
inline std::int64_t terms(const ConvGeometry& g, ConvDirection direction) {
  switch (direction) {
    case ConvDirection::forward:
      return g.kernel_volume() * g.in_channels;
    case ConvDirection::backward_data:
      return g.kernel_volume() * g.out_channels;
    default:
      return g.batch * g.output_volume();
  }
}

/// Largest |value - plain| as a share of what rounding may do: 4 sqrt(K) unit sum |a b|, the unit
/// being 2^-24 in f32 and 2^-53 in f64. Above 1 is wrong; NaN counts as infinite.
inline double error_over_bound(const ConvGeometry& g, ConvDirection direction, const Tensor& value,
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
