// How far a convolution's result may be from the definition in f64: 4 sqrt(K) units of rounding of
// the sum of the products' magnitudes.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

#include "tests/cpu/conv_cases.h"
#include "tests/cuda/device_cases.h"

namespace voxgrad::testing {

/// The error as a share of what is allowed. A bf16 result may in addition be off by half a unit in
/// its own last place.
inline double share(const ConvGeometry& g, ConvDirection direction, const Tensor& value,
                    const PlainResult& plain) {
  if (value.dtype() != DType::bf16) return error_over_bound(g, direction, value, plain);
  const double factor = 4 * std::sqrt(double(terms(g, direction))) * 0x1p-24;
  const Tensor wide = value.to(DType::f64);
  double worst = 0;
  for (std::int64_t i = 0; i < value.numel(); ++i) {
    const double exact = plain.value.data<double>()[i];
    const double error = std::fabs(wide.data<double>()[i] - exact);
    const double bound =
        factor * plain.magnitude.data<double>()[i] + 1.01 * 0x1p-8 * std::fabs(exact);
    if (error == 0) continue;
    if (!(error / bound < 1e300)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, error / bound);
  }
  return worst;
}

/// f32 values that TF32 holds: as factors, tensor cores round none of them.
inline Tensor rounded_to_tf32(const Tensor& tensor) {
  Tensor result = tensor.clone();
  for (float& each : std::span(result.data<float>(), std::size_t(result.numel()))) {
    const auto bits = std::bit_cast<std::uint32_t>(each);
    each = std::bit_cast<float>((bits + 0xfffu + (bits >> 13 & 1u)) & ~0x1fffu);
  }
  return result;
}

/// The same after a bias [C] and an activation whose slope is at most 1. Functions may be off by 4
/// units. library: in bf16 it rounds the bias and the sum that is activated too (docs/gpu.md).
inline double share_behind_epilogue(const ConvGeometry& g, ConvDirection direction,
                                    const Tensor& value, const PlainResult& plain,
                                    const Tensor& bias, const Tensor& expected, bool library) {
  const double unit = value.dtype() == DType::f64 ? 0x1p-53 : 0x1p-24;
  const double rounding = value.dtype() == DType::bf16 ? 1.01 * 0x1p-8 : 0;
  const double factor = 4 * std::sqrt(double(terms(g, direction) + 1)) * unit;
  const std::vector<double> found = value.to(DType::f64).to_vector<double>(),
                            added = bias.to(DType::f64).to_vector<double>();
  double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double each = added[i % added.size()], exact = expected.data<double>()[i];
    const double sum = plain.value.data<double>()[i] + each;
    const double bound = factor * (plain.magnitude.data<double>()[i] + std::fabs(each)) +
                         rounding * std::fabs(exact) +
                         (library ? rounding * (std::fabs(each) + std::fabs(sum)) : 0) +
                         4 * unit * std::fabs(exact);
    const double error = std::fabs(found[i] - exact);
    if (error == 0) continue;
    if (!(error / bound < 1e300)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, error / bound);
  }
  return worst;
}

}  // namespace voxgrad::testing
