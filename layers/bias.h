// What conv and linear share: checking a bias, its gradient, and undoing a fused activation.
// Private to layers/.
#pragma once

#include "autograd/variable.h"
#include "tensor/ops/backend.h"

namespace voxgrad {

inline void check_bias(const char* op, const Variable& x, const Variable& bias,
                       std::int64_t channels) {
  if (!bias.defined()) return;
  check_shape(op, "bias", bias.value(), Shape{channels});
  check_same_kind(op, x.value(), bias.value());
}

inline Epilogue make_epilogue(const Variable& bias, Activation activation) {
  return {bias.defined() ? bias.value() : Tensor(), activation};
}

/// The gradient of the bias: dy summed over everything but its channels.
inline Tensor bias_gradient(const Tensor& dy) {
  Tensor dbias({dy.shape()[-1]}, dy.dtype(), dy.device());
  backend(dy.device()).reduce.column_sums(dy, dbias);
  return dbias;
}

/// The gradient before an activation, from the activated result y; dy itself for the identity.
inline Tensor before_activation(Activation activation, const Tensor& y, const Tensor& dy) {
  if (activation.kind == ActivationKind::identity) return dy;
  Tensor dx = Tensor::like(dy);
  backend(dy.device()).elementwise.activation_backward(activation, y, dy, dx);
  return dx;
}

}  // namespace voxgrad
