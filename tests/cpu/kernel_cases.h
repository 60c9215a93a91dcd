// What the tests of the CPU's kernels share: both float types, and sizes around the lengths at
// which kernels change their ways (vector lanes, wide rows, blocks, threads).
#pragma once

#include <doctest/doctest.h>

#include <vector>

#include "cpu/kernels.h"
#include "tests/support/tensors.h"

namespace voxgrad::testing {

inline constexpr DType kFloats[] = {DType::f64, DType::f32};
inline constexpr std::int64_t kLengths[] = {1, 2, 7, 8, 33, 1000, 16383, 16384, 40001};

/// Allowed max_relative_error of a result whose terms are about as large as itself.
inline double tolerance(DType dtype) {
  return dtype == DType::f64 ? 1e-14 : 1e-6;
}

inline std::vector<double> values(const Tensor& tensor) {
  return tensor.to(DType::f64).to_vector<double>();
}

/// Compares a kernel's output with plain f64 values, and checks that its guard bands are intact.
inline void check_result(const GuardedTensor& actual, const std::vector<double>& expected,
                         double factor = 1) {
  CHECK(actual.intact());
  CHECK(max_relative_error(actual, Tensor::from(expected, actual.tensor().shape())) <=
        factor * tolerance(actual.tensor().dtype()));
}

}  // namespace voxgrad::testing
