// ConvBlock: convolution, batch norm, activation and max pooling as one module, the building block
// of convolutional networks.
//
//   y = pool(act(norm(conv(x))))
//
// It owns two children, the convolution and the norm, under the names that the state dict gives
// them. What one of them makes unnecessary in the other is left out:
//
//   - In training the norm subtracts the batch's mean, and with it what the convolution's bias
//     added. So the bias is not added, only the running mean is given it, and its gradient is
//     exactly 0. (Computed, the gradient would be rounding noise, which Adam turns into steps of
//     full size.)
//   - Activation and pooling are part of the norm's kernels (tensor/ops/norm_ops.h), and without
//     history the norm overwrites its input, which nobody else has.
//   - Folded (Module::fold_for_inference), the norm is an affine function of each channel and goes
//     into the convolution, the activation into the convolution's epilogue; pooling remains:
//
//       norm(conv(x, w) + b) = conv(x, w s) + (b - mean) s + beta,  s = gamma / sqrt(variance +
//       eps)
//
//     The products w s are rounded to the parameters' dtype once.
#pragma once

#include "layers/conv.h"
#include "layers/norm.h"

namespace voxgrad {

struct ConvBlockOptions {
  Activation activation{};
  std::int64_t pool = 1;  // side of the windows of max pooling; 1: none
  double eps = 1e-5;      // of the norm, as momentum
  double momentum = 0.1;
  std::string convolution_name = "0";
  std::string norm_name = "1";
};

class ConvBlock : public UnaryModule {
 public:
  /// `convolution` has no activation and belongs to this block alone.
  explicit ConvBlock(std::shared_ptr<ConvLayer> convolution, const ConvBlockOptions& options = {});
  ConvLayer& convolution() { return *convolution_; }
  BatchNorm& norm() { return *norm_; }
  Variable forward(const Variable& x, const ForwardContext& context) override;

 protected:
  void fold() override;

 private:
  std::shared_ptr<ConvLayer> convolution_;
  std::shared_ptr<BatchNorm> norm_;
};

}  // namespace voxgrad
