// Losses of probabilities against targets (functors.h has the formulas). Binary cross-entropy and
// focal loss are averaged over all elements.
#pragma once

#include "tensor/tensor.h"

namespace voxgrad {

struct LossOps {
  /// loss[0] = mean of bce(p, t).
  void (*binary_cross_entropy)(const Tensor& probability, const Tensor& target,
                               const Tensor& out_loss);
  /// dp = dloss[0] / numel * d bce / dp.
  void (*binary_cross_entropy_backward)(const Tensor& probability, const Tensor& target,
                                        const Tensor& dloss, const Tensor& out_dprobability);
  /// loss[0] = mean of focal(p, t).
  void (*focal)(const Tensor& probability, const Tensor& target, double gamma,
                const Tensor& out_loss);
  void (*focal_backward)(const Tensor& probability, const Tensor& target, double gamma,
                         const Tensor& dloss, const Tensor& out_dprobability);
  /// Rows are the entries of the first dimension. sums, f64 [B,2]: a row's sum of p t and of p + t.
  /// loss[0] = mean over rows of 1 - (2 sums[0] + smoothing) / (sums[1] + smoothing).
  void (*dice)(const Tensor& probability, const Tensor& target, double smoothing,
               const Tensor& out_sums, const Tensor& out_loss);
  void (*dice_backward)(const Tensor& target, double smoothing, const Tensor& sums,
                        const Tensor& dloss, const Tensor& out_dprobability);
};

}  // namespace voxgrad
