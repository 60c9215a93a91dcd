// Comparisons whose failures teach: shape, worst element, both values, likely cause.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "autograd/mismatch.h"
#include "autograd/variable.h"

namespace voxgrad::lessons {

/// The message for values that differ; empty if all agree to 1e-9 of the largest.
inline std::string explain(const Tensor& actual, const std::vector<double>& expected) {
  const std::vector<double> values = actual.to(DType::f64).to_vector<double>();
  if (values.size() != expected.size())
    return concat("got ", values.size(), " numbers, expected ", expected.size());
  double scale = 0, largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    scale = std::max(scale, std::abs(expected[i]));
    const double difference = std::abs(values[i] - expected[i]);
    if (!(difference <= largest)) largest = difference;  // a NaN stays
    if (std::isnan(largest)) break;
  }
  if (largest <= 1e-9 * std::max(scale, 1e-300)) return "";
  const Mismatch worst = explain_mismatch(values, expected, actual.shape());
  return concat("shape ", actual.shape(), ", element ", place_in(actual.shape(), worst.element),
                ": got ", worst.actual, ", expected ", worst.expected,
                worst.cause.empty() ? "" : "; likely cause: ", worst.cause);
}

/// Compares a tensor with numbers worked out by hand.
#define EXPECT_VALUES(tensor, ...)                                                    \
  do {                                                                                \
    const std::string explained = ::voxgrad::lessons::explain(tensor, {__VA_ARGS__}); \
    CHECK_MESSAGE(explained.empty(), explained);                                      \
  } while (false)

}  // namespace voxgrad::lessons
