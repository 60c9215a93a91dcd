// Activation functions: formulas in tensor/ops/functors.h. A forward pass saves its
// output alone, or its input where the gradient needs that (ELU).
#pragma once

#include "layers/module.h"
#include "tensor/ops/functors.h"

namespace voxgrad {

Variable activation(const Variable& x, Activation activation);
Variable relu(const Variable& x);
Variable leaky_relu(const Variable& x, double slope);
Variable elu(const Variable& x, double alpha = 1);
Variable sigmoid(const Variable& x);

class ActivationLayer : public UnaryModule {
 public:
  explicit ActivationLayer(Activation activation) : activation_(activation) {}
  Variable forward(const Variable& x, const ForwardContext& context) override;

 private:
  Activation activation_;
};

}  // namespace voxgrad
