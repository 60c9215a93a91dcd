// Batch normalisation with groups, fused with the activation after it.
//
//   y = act( (x - mean[g]) / sqrt(variance[g] + eps) * gamma + beta )      (Ioffe and Szegedy,
//   2015)
//
// x is read as rows of C channels. The rows are cut into G equal contiguous blocks, one per group
// (the views of Pix2Vox, folded into the batch view by view); mean and variance are [G,C].
//
// Dtypes: all tensors f64, or all f32; or x, y, dx, dy bf16 and everything else f32.
#pragma once

#include "tensor/ops/functors.h"
#include "tensor/tensor.h"

namespace voxgrad {

struct BatchNormParameters {
  Tensor gamma, beta;  // [C]
  double eps = 1e-5;
  Activation activation{};
};

struct NormOps {
  /// mean and (biased) variance [G,C] of x's G blocks.
  void (*statistics)(const Tensor& x, const Tensor& out_mean, const Tensor& out_variance);
  /// y from given statistics. y may be x.
  void (*normalize)(const Tensor& x, const Tensor& mean, const Tensor& variance,
                    const BatchNormParameters&, const Tensor& out_y);
  /// running = (1-momentum)*running + momentum*batch, in place, group after group. The batch's
  /// variance is made unbiased for it, and `shift` [C], if defined, added to its mean.
  void (*update_running)(const Tensor& mean, const Tensor& variance, const Tensor& shift,
                         std::int64_t rows_per_group, double momentum,
                         const Tensor& out_running_mean, const Tensor& out_running_var);
  /// Gradients. `constant`: mean and variance are constants (evaluation); else they were computed
  /// from x (training). dx may be undefined (not asked for) or dy; dgamma, dbeta [C] may be
  /// undefined together.
  void (*backward)(bool constant, const Tensor& x, const Tensor& dy, const Tensor& mean,
                   const Tensor& variance, const BatchNormParameters&, const Tensor& out_dx,
                   const Tensor& out_dgamma, const Tensor& out_dbeta);
};

}  // namespace voxgrad
