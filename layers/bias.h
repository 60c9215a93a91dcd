// What layers with parameters share: which dtypes go together (tensor/precision.h), checking a
// bias, its gradient, and undoing a fused activation. Private to layers/.
#pragma once

#include "autograd/variable.h"
#include "autograd/weight_cache.h"
#include "tensor/ops/backend.h"

namespace voxgrad {

/// The dtype of parameters that are applied to maps of this dtype.
inline DType parameter_dtype(DType map) {
  return map == DType::bf16 ? DType::f32 : map;
}

inline void check_parameter(const char* op, const Variable& x, const Variable& parameter) {
  const Tensor& value = parameter.value();
  if (value.dtype() != parameter_dtype(x.dtype()) || value.device() != x.device())
    check_same_kind(op, x.value(), value);  // has the message
}

inline void check_bias(const char* op, const Variable& x, const Variable& bias,
                       std::int64_t channels) {
  if (!bias.defined()) return;
  check_shape(op, "bias", bias.value(), Shape{channels});
  check_parameter(op, x, bias);
}

/// The weight as it is multiplied with maps like x.
inline Tensor compute_weight(const Variable& x, const Variable& weight) {
  return x.dtype() == DType::bf16 ? bf16_weight(weight) : weight.value().to(x.dtype());
}

/// Of a convolution's or linear layer's result: probabilities are f32 regardless of the maps'
/// dtype.
inline DType result_dtype(const Variable& x, Activation activation) {
  return activation.kind == ActivationKind::sigmoid ? parameter_dtype(x.dtype()) : x.dtype();
}

inline Epilogue make_epilogue(const Variable& bias, Activation activation) {
  return {bias.defined() ? bias.value() : Tensor(), activation};
}

/// The gradient of the bias: dy summed over everything but its channels.
inline Tensor bias_gradient(const Tensor& dy) {
  Tensor dbias({dy.shape()[-1]}, parameter_dtype(dy.dtype()), dy.device());
  backend(dy.device()).reduce.column_sums(dy, dbias);
  return dbias;
}

/// The gradient before an activation, from the activated result y; dy itself for the identity.
/// Not for activations whose gradient needs their input: apart_from_activation.
inline Tensor activation_gradient(Activation activation, const Tensor& y, const Tensor& dy) {
  if (activation.kind == ActivationKind::identity) return dy;
  Tensor dx = Tensor::like(dy);
  backend(dy.device()).elementwise.activation_backward(activation, y, dy, dx);
  return dx;
}

/// Whether a layer leaves its activation to a function of its own: in training, where the gradient
/// needs what is before it.
inline bool apart_from_activation(Activation activation, const Variable& x, const Variable& weight,
                                  const Variable& bias) {
  return slope_needs_input(activation.kind) && grad_enabled() &&
         (x.requires_grad() || weight.requires_grad() || bias.requires_grad());
}

}  // namespace voxgrad
