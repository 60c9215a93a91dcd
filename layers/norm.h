// Batch normalisation with groups, with the activation behind it fused (formula:
// tensor/ops/norm.h). In training mode statistics come from the batch, one set a group, and the
// running statistics are updated once a group, in order; in evaluation mode the running statistics
// are used.
#pragma once

#include "layers/module.h"
#include "tensor/ops/norm.h"

namespace voxgrad {

/// The fused function: act(batch_norm(x)). Saves x and the statistics, recomputes the rest.
/// Training: running_mean and running_var [C] are updated in place (undefined: not kept).
/// may_overwrite: nobody else needs x, so that without history the result takes its place.
Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta,
                    const Tensor& running_mean, const Tensor& running_var, std::int64_t groups,
                    bool training, double momentum = 0.1, double eps = 1e-5,
                    Activation activation = {}, bool may_overwrite = false);

struct BatchNormOptions {
  std::int64_t channels = 1;
  double eps = 1e-5;
  double momentum = 0.1;
  Activation activation{};
  bool may_overwrite = false;  // its input is nobody else's
};

/// Parameters "weight" (1) and "bias" (0); buffers "running_mean" (0), "running_var" (1) and
/// "num_batches_tracked" (i64 [1], counts groups seen in training).
class BatchNorm : public UnaryModule {
 public:
  explicit BatchNorm(const BatchNormOptions& options);
  const BatchNormOptions& options() const { return options_; }
  Variable forward(const Variable& x) override;
  /// How many groups the batch is made of: the views, folded in view by view. Default 1.
  void set_groups(std::int64_t groups) { groups_ = groups; }
  Variable weight, bias;
  Tensor running_mean, running_var, num_batches_tracked;

 private:
  BatchNormOptions options_;
  std::int64_t groups_ = 1;
};

/// The rank of the input does not matter to the kernels; both names are kept for readers.
using BatchNorm2d = BatchNorm;
using BatchNorm3d = BatchNorm;

/// Tells every BatchNorm below a module how many groups (views) the next batches hold.
void set_batch_norm_groups(Module& module, std::int64_t groups);

}  // namespace voxgrad
