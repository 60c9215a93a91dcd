// How far a bf16 result may be from the same one in a wider type.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/tensor.h"

namespace voxgrad::testing {

/// The largest error as a share of what is allowed: half a unit in the last of bf16's 8 bits of
/// each element, plus `sums` times the largest element for sums in f32 before it. Above 1 is wrong,
/// and NaN stays NaN.
inline double bf16_rounding_share(const Tensor& actual, const Tensor& expected, double sums) {
  const std::vector<double> a = actual.to(DType::f64).to_vector<double>();
  const std::vector<double> e = expected.to(DType::f64).to_vector<double>();
  if (a.size() != e.size()) return std::numeric_limits<double>::infinity();
  double scale = 0, worst = 0;
  for (const double value : e) scale = std::max(scale, std::fabs(value));
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double share = std::fabs(a[i] - e[i]) / (0x1p-8 * std::fabs(e[i]) + sums * scale + 1e-38);
    if (!(share <= worst)) worst = share;
  }
  return worst;
}

}  // namespace voxgrad::testing
