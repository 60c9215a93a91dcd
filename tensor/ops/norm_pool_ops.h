// Batch norm, activation and max pooling in one pass: y = max_pool(act(norm(x))), with windows side
// by side (stride = kernel; rules: tensor/ops/pool_ops.h). Neither the map in between nor its
// gradient is ever written. The argmax (u8) is found before y is rounded to its dtype. All else,
// and what may be undefined, is as in NormOps.
#pragma once

#include "tensor/ops/norm_ops.h"
#include "tensor/ops/pool_ops.h"

namespace voxgrad {

struct NormPoolOps {
  /// The pooled y and argmax (or undefined) from given statistics. The geometry is x's.
  void (*normalize)(const PoolGeometry&, const Tensor& x, const Tensor& mean,
                    const Tensor& variance, const BatchNormParameters&, const Tensor& out_y,
                    const Tensor& out_argmax);
  /// Gradients. dy and argmax are pooled, dx is x's.
  void (*backward)(const PoolGeometry&, bool constant, const Tensor& x, const Tensor& dy,
                   const Tensor& argmax, const Tensor& mean, const Tensor& variance,
                   const BatchNormParameters&, const Tensor& out_dx, const Tensor& out_dgamma,
                   const Tensor& out_dbeta);
};

}  // namespace voxgrad
