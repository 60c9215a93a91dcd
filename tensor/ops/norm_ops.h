// Batch normalisation with groups, fused with the activation after it, and with max pooling after
// that.
//
//   y = act( (x - mean[g]) / sqrt(variance[g] + eps) * gamma + beta )      (Ioffe and Szegedy,
//   2015)
//
// x is read as rows of C channels. The rows are cut into G equal contiguous blocks, one per group
// (the views of Pix2Vox, folded into the batch view by view); mean and variance are [G,C].
//
// Pooled, y = max_pool(act(...)) with windows side by side (stride = kernel; rules:
// tensor/ops/pool_ops.h). Neither the map in between nor its gradient is ever written. The argmax
// is found before y is rounded to its dtype.
//
// Dtypes: all tensors f64, or all f32; or x, y, dx, dy bf16 and everything else f32. The argmax is
// u8.
#pragma once

#include "tensor/ops/pool_ops.h"

namespace voxgrad {

struct BatchNormParameters {
  Tensor gamma, beta;  // [C]
  double eps = 1e-5;
  Activation activation{};
};

struct NormOps {
  /// mean and (biased) variance [G,C] of x's G blocks.
  void (*statistics)(const Tensor& x, const Tensor& mean, const Tensor& variance);
  /// y from given statistics, [G,C]. y may be x.
  void (*normalize)(const Tensor& x, const Tensor& mean, const Tensor& variance,
                    const BatchNormParameters&, const Tensor& y);
  /// running = (1-momentum)*running + momentum*batch, group after group; the variance that goes in
  /// is unbiased: times rows/(rows-1), with the rows of one group. To the mean is added `shift`
  /// [C], if defined: what x lacks. In place.
  void (*update_running)(const Tensor& mean, const Tensor& variance, const Tensor& shift,
                         std::int64_t rows_per_group, double momentum, const Tensor& running_mean,
                         const Tensor& running_var);
  /// Gradients. `constant`: mean and variance are constants (evaluation); else they were computed
  /// from x (training). dx may be undefined (not asked for) or dy; dgamma, dbeta [C] may be
  /// undefined together.
  void (*backward)(bool constant, const Tensor& x, const Tensor& dy, const Tensor& mean,
                   const Tensor& variance, const BatchNormParameters&, const Tensor& dx,
                   const Tensor& dgamma, const Tensor& dbeta);
  /// The pooled y and argmax (or undefined) from given statistics. The geometry is x's.
  void (*normalize_pool)(const PoolGeometry&, const Tensor& x, const Tensor& mean,
                         const Tensor& variance, const BatchNormParameters&, const Tensor& y,
                         const Tensor& argmax);
  /// `backward` of the pooled y. dy and argmax are pooled, dx is x's. dx may be undefined, and
  /// dgamma and dbeta together, as above.
  void (*backward_pool)(const PoolGeometry&, bool constant, const Tensor& x, const Tensor& dy,
                        const Tensor& argmax, const Tensor& mean, const Tensor& variance,
                        const BatchNormParameters&, const Tensor& dx, const Tensor& dgamma,
                        const Tensor& dbeta);
};

}  // namespace voxgrad
