// Linear layer: y = act(x w^T + b), x [N,in], w [out,in], b [out] or undefined.
#pragma once

#include "layers/module.h"
#include "tensor/ops/functors.h"

namespace voxgrad {

Variable linear(const Variable& x, const Variable& weight, const Variable& bias,
                Activation activation = {});

struct LinearOptions {
  std::int64_t in_features = 1;
  std::int64_t out_features = 1;
  bool bias = true;
  Activation activation{};
};

class Linear : public UnaryModule {
 public:
  explicit Linear(const LinearOptions& options);
  const LinearOptions& options() const { return options_; }
  Variable forward(const Variable& x) override;
  Variable weight, bias;

 private:
  LinearOptions options_;
};

}  // namespace voxgrad
