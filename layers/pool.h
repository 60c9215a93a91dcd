// Max pooling (rules: tensor/ops/pool_ops.h). The gradient of a window goes to its maximum.
#pragma once

#include "layers/module.h"
#include "tensor/ops/pool_ops.h"

namespace voxgrad {

/// x [N,H,W,C] or [N,D,H,W,C] (then kernel and stride [0] count too).
Variable max_pool(const Variable& x, const Triple& kernel_size, const Triple& stride);

/// The same kernel size along every axis; stride = kernel size.
class MaxPool : public UnaryModule {
 public:
  explicit MaxPool(std::int64_t kernel_size) : kernel_size_(kernel_size) {}
  std::int64_t kernel_size() const { return kernel_size_; }
  Variable forward(const Variable& x, const ForwardContext& context) override;

 private:
  std::int64_t kernel_size_;
};

}  // namespace voxgrad
