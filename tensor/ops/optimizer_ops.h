// Optimizer steps over all parameters at once (functors.h has the formulas).
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace voxgrad {

struct AdamSlot {
  Tensor parameter, gradient, m, v;  // one shape and dtype; all but the gradient are updated
  double learning_rate;
  std::int64_t step;        // 1 for the first
  Tensor copy{};            // as below
  double weight_decay = 0;  // decoupled
};

struct AdamOptions {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
};

struct SgdSlot {
  Tensor parameter, gradient, buffer;
  double learning_rate;
  Tensor copy{};  // bf16 or undefined: gets the new parameter, rounded
  double weight_decay = 0;
};

/// `skip`: f32 [1] or undefined. Where it is not 0, nothing is changed: so gradients that turn out
/// not to be finite (ReduceOps::flag_non_finite) spoil no weights though nobody waited to look.
struct OptimizerOps {
  void (*adam)(std::span<const AdamSlot> slots, const AdamOptions& options, const Tensor& skip);
  void (*sgd)(std::span<const SgdSlot> slots, double momentum, const Tensor& skip);
};

}  // namespace voxgrad
