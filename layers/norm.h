// Batch normalisation with groups, with the activation and the max pooling behind it fused
// (formula: tensor/ops/norm_ops.h). In training mode statistics come from the batch, one set a
// group, and the running statistics are updated once a group, in order; in evaluation mode the
// running statistics are used.
#pragma once

#include "layers/conv.h"
#include "tensor/ops/norm_ops.h"

namespace voxgrad {

struct BatchNormCall {
  std::int64_t groups = 1;
  bool training = false;
  double momentum = 0.1;
  double eps = 1e-5;
  Activation activation{};
  /// Max pooling behind the activation, windows side by side; [0] counts in 3-D only.
  Triple pool{1, 1, 1};
  /// [C] or undefined: what x lacks and the running mean is to have, the bias of a convolution that
  /// left it out.
  Tensor mean_shift{};
  /// Nobody else needs x, so that without history the result may take its place.
  bool may_overwrite = false;
};

/// The fused function: pool(act(batch_norm(x))), x [N,...,C] or, where it is pooled, [N,H,W,C] or
/// [N,D,H,W,C]. Saves x, the statistics and the pooling's argmax, recomputes the rest.
/// Training: running_mean and running_var [C] are updated in place (undefined: not kept).
Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta,
                    const Tensor& running_mean, const Tensor& running_var,
                    const BatchNormCall& call);

struct BatchNormOptions {
  std::int64_t channels = 1;
  double eps = 1e-5;
  double momentum = 0.1;
  Activation activation{};
  std::int64_t pool = 1;       // edge of the windows of max pooling behind it
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
  /// Says that the input comes from this convolution and goes nowhere else. What its bias would add
  /// in training mode is taken away here, so it is left out there (ConvLayer::leaves_out_bias), and
  /// only the running mean is given it. An Error in forward() where the convolution is in
  /// training mode and the norm is not.
  void follow(const std::shared_ptr<ConvLayer>& convolution);
  Variable weight, bias;
  Tensor running_mean, running_var, num_batches_tracked;

 private:
  BatchNormOptions options_;
  std::int64_t groups_ = 1;
  std::shared_ptr<const ConvLayer> convolution_;  // that it follows, or null
};

/// The rank of the input does not matter to the kernels; both names are kept for readers.
using BatchNorm2d = BatchNorm;
using BatchNorm3d = BatchNorm;

/// Tells every BatchNorm below a module how many groups (views) the next batches hold.
void set_batch_norm_groups(Module& module, std::int64_t groups);

}  // namespace voxgrad
