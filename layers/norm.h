// Batch normalisation with groups, fused with the activation and the max pooling after it (formula:
// tensor/ops/norm_ops.h). In training each group is normalised by its own statistics, and the
// running statistics are updated once per group, in order; in evaluation mode those are used.
#pragma once

#include "layers/module.h"
#include "tensor/ops/norm_pool_ops.h"

namespace voxgrad {

struct BatchNormCall {
  std::int64_t groups = 1;
  bool training = false;
  double momentum = 0.1;
  double eps = 1e-5;
  Activation activation{};
  Triple pool{1, 1, 1};   // max pooling after the activation, stride = window; [0] only in 3-D
  Tensor omitted_bias{};  // [C], of the layer before: to be added to the running mean; or undefined
  bool may_overwrite = false;  // x has no other consumer: without history, y may overwrite it
};

/// pool(act(batch_norm(x))), x [N,...,C] or, where it is pooled, [N,H,W,C] or [N,D,H,W,C]. Saves x,
/// the statistics and the pooling's argmax, recomputes the rest. running_mean and running_var [C]
/// are updated in place in training, where they may be undefined.
Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta,
                    const Tensor& running_mean, const Tensor& running_var,
                    const BatchNormCall& call);

struct BatchNormOptions {
  std::int64_t channels = 1;
  double eps = 1e-5;
  double momentum = 0.1;
  Activation activation{};
  std::int64_t pool = 1;  // side of the windows of max pooling; 1: none
};

/// Parameters "weight" (1) and "bias" (0); buffers "running_mean" (0), "running_var" (1) and
/// "num_batches_tracked" (i64 [1], counts groups seen in training).
class BatchNorm : public UnaryModule {
 public:
  explicit BatchNorm(const BatchNormOptions& options);
  const BatchNormOptions& options() const { return options_; }
  /// Each view is a group.
  Variable forward(const Variable& x, const ForwardContext& context) override;
  /// The options of a forward pass, whose groups are counted if in training.
  BatchNormCall make_call(const ForwardContext& context);
  Variable weight, bias;
  Tensor running_mean, running_var, num_batches_tracked;

 private:
  BatchNormOptions options_;
};

}  // namespace voxgrad
