// Gradient check by f64 central differences: for every input that requires a gradient and every
// element of it,
//
//   (L(x + h) - L(x - h)) / 2h   against the backward pass,   L = sum(c * f(x))
//
// with a fixed, non-uniform cotangent c. The error of an input is
//   max |numeric - analytic| / max(max|numeric|, max|analytic|, 1e-3 * largest gradient of all
//   inputs)
// A NaN anywhere fails; a gradient that is 0 everywhere on both sides fails too unless allowed
// (comparing 0 with 0 proves nothing).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "autograd/variable.h"

namespace voxgrad {

using CheckedFunction = std::function<Variable(const std::vector<Variable>&)>;

struct GradcheckOptions {
  double step = 1e-5;       // h
  double tolerance = 1e-6;  // on the relative error
  bool allow_zero = false;  // accept an input whose gradient is 0 everywhere
  std::uint64_t seed = 1;   // of the cotangent
};

struct GradcheckResult {
  bool passed = false;
  double max_error = 0;  // the worst relative error over all inputs
  std::string message;   // the worst element of the first wrong input, and the likely cause
                         // (autograd/mismatch.h); empty when passed
};

/// inputs: f64 leaves. The function must give the same result for the same values.
GradcheckResult gradcheck(const CheckedFunction& function, std::vector<Variable> inputs,
                          const GradcheckOptions& options = {});

/// gradcheck for every non-empty subset of the inputs requiring gradients (at most 6 inputs): finds
/// backward functions that are right only when all gradients are asked for.
GradcheckResult gradcheck_subsets(const CheckedFunction& function, std::vector<Variable> inputs,
                                  const GradcheckOptions& options = {});

}  // namespace voxgrad
