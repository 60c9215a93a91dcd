// Linear layer: y = act(x w^T + b), x [N,in], w [out,in], b [out] or undefined. bf16: as in conv.h.
#pragma once

#include "layers/module.h"
#include "tensor/ops/functors.h"
#include "tensor/precision.h"

namespace voxgrad {

Variable linear(const Variable& x, const Variable& weight, const Variable& bias,
                Activation activation = {}, Precision precision = Precision::f32);

struct LinearOptions {
  std::int64_t in_features = 1;
  std::int64_t out_features = 1;
  bool bias = true;
  Activation activation{};
};

/// Parameters "weight" and, if wanted, "bias"; initialised as in PyTorch (layers/init.h).
class Linear : public WeightedLayer {
 public:
  explicit Linear(const LinearOptions& options);
  const LinearOptions& options() const { return options_; }
  Variable forward(const Variable& x, const ForwardContext& context) override;
  Variable weight, bias;

 private:
  LinearOptions options_;
};

}  // namespace voxgrad
