#include "layers/activation.h"

#include "tensor/ops/backend.h"

namespace voxgrad {

Variable activation(const Variable& x, Activation activation) {
  Tensor y = Tensor::like(x.value());
  backend(x.device()).elementwise.activation(activation, x.value(), y);
  const Tensor saved = slope_needs_input(activation.kind) ? x.value() : y;
  return make_result(y, "activation", {x}, [activation, saved](const Tensor& dy) {
    Tensor dx = Tensor::like(dy);
    backend(dy.device()).elementwise.activation_backward(activation, saved, dy, dx);
    return std::vector{dx};
  });
}

Variable relu(const Variable& x) {
  return activation(x, Activation::relu());
}
Variable leaky_relu(const Variable& x, double slope) {
  return activation(x, Activation::leaky_relu(slope));
}
Variable elu(const Variable& x, double alpha) {
  return activation(x, Activation::elu(alpha));
}
Variable sigmoid(const Variable& x) {
  return activation(x, Activation::sigmoid());
}

Variable ActivationLayer::forward(const Variable& x, const ForwardContext&) {
  return voxgrad::activation(x, activation_);
}

}  // namespace voxgrad
