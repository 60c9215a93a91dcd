// Max pooling (rules: tensor/ops/pool_ops.h). The gradient of a window goes to its maximum.
#pragma once

#include "layers/module.h"
#include "tensor/ops/pool_ops.h"

namespace voxgrad {

/// x [N,H,W,C] or [N,D,H,W,C] (then [0] of kernel, stride and padding counts too).
Variable max_pool(const Variable& x, const Triple& kernel_size, const Triple& stride,
                  const Triple& padding = {0, 0, 0});

/// The same along every axis of the map.
struct MaxPoolOptions {
  std::int64_t kernel_size = 2;
  std::int64_t stride = 2;
  std::int64_t padding = 0;
};

class MaxPool : public UnaryModule {
 public:
  /// Windows side by side: stride = kernel size.
  explicit MaxPool(std::int64_t kernel_size) : options_{kernel_size, kernel_size, 0} {}
  explicit MaxPool(const MaxPoolOptions& options) : options_(options) {}
  const MaxPoolOptions& options() const { return options_; }
  /// Of an input.
  PoolGeometry geometry(const Shape& x) const;
  Variable forward(const Variable& x, const ForwardContext& context) override;

 private:
  MaxPoolOptions options_;
};

}  // namespace voxgrad
