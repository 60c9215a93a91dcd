// Batch normalisation as it is defined, in plain loops: what the other kernels are tested against,
// and what to read first. Signatures and formulas: tensor/ops/norm_ops.h.
#pragma once

#include "tensor/ops/norm_ops.h"

namespace voxgrad::cpu::reference {

/// Any dtypes; everything is computed in f64.
void batch_statistics(const Tensor& x, const Tensor& out_mean, const Tensor& out_variance);
void batch_norm(const Tensor& x, const Tensor& mean, const Tensor& variance,
                const BatchNormParameters& parameters, const Tensor& out_y);
/// constant: mean and variance are constants (evaluation), else computed from x (training). What is
/// not wanted is undefined.
void batch_norm_backward(bool constant, const Tensor& x, const Tensor& dy, const Tensor& mean,
                         const Tensor& variance, const BatchNormParameters& parameters,
                         const Tensor& out_dx, const Tensor& out_dgamma, const Tensor& out_dbeta);

}  // namespace voxgrad::cpu::reference
