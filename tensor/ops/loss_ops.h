// Binary cross-entropy, averaged over all elements (functors.h has the formula).
#pragma once

#include "tensor/tensor.h"

namespace voxgrad {

struct LossOps {
  /// loss[0] = mean of bce(p, t).
  void (*binary_cross_entropy)(const Tensor& probability, const Tensor& target, const Tensor& loss);
  /// dp = dloss[0] / numel * d bce / dp.
  void (*binary_cross_entropy_backward)(const Tensor& probability, const Tensor& target,
                                        const Tensor& dloss, const Tensor& dprobability);
};

}  // namespace voxgrad
