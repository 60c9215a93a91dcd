// Convolution and transposed convolution in 2-D and 3-D (formula and layouts:
// tensor/ops/conv_ops.h). Gradients: dx = backward_data(dy, w), dw = backward_weight(x, dy), dbias
// = sum of dy over all but the channels; for the transposed layer the roles of forward and
// backward_data are exchanged.
//
// bf16 maps meet f32 parameters: the weight is rounded to bf16 for the products, its gradient is
// f32, and the result is bf16, or f32 behind a sigmoid (tensor/precision.h).
#pragma once

#include "layers/module.h"
#include "tensor/ops/conv_ops.h"
#include "tensor/rng.h"

namespace voxgrad {

/// x [N,H,W,Cin] with weight [Cout,kH,kW,Cin], or [N,D,H,W,Cin] with [Cout,kD,kH,kW,Cin]; bias
/// [Cout] or undefined. The activation is applied in the same pass.
Variable conv(const Variable& x, const Variable& weight, const Variable& bias,
              const ConvOptions& options, Activation activation = {});
/// x [N,(D,)H,W,Cin], weight [Cin,(kD,)kH,kW,Cout]; extents (input-1)*stride - 2*padding + kernel.
Variable conv_transpose(const Variable& x, const Variable& weight, const Variable& bias,
                        const ConvOptions& options, Activation activation = {});

struct ConvLayerOptions {
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;
  Triple kernel_size{1, 1, 1};  // depth ignored by the 2-D layers
  Triple stride{1, 1, 1};
  Triple padding{0, 0, 0};
  bool bias = true;
  Activation activation{};

  /// The same kernel size, stride and padding along every axis.
  static ConvLayerOptions cube(std::int64_t in_channels, std::int64_t out_channels,
                               std::int64_t kernel_size, std::int64_t stride = 1,
                               std::int64_t padding = 0, bool bias = true);
};

/// Parameters "weight" and, if wanted, "bias". Initialised to 0: see layers/init.h.
class ConvLayer : public WeightedLayer {
 public:
  const ConvLayerOptions& options() const { return options_; }
  int spatial_rank() const { return spatial_rank_; }
  bool transposed() const { return transposed_; }
  Variable forward(const Variable& x) override;
  /// Gives the layer another bias and an activation (folding batch norm: layers/fold.h).
  void set_epilogue(const Tensor& new_bias, Activation activation);
  /// Says that a batch norm follows, which in training mode takes away whatever the bias adds. So
  /// it is not added then, and its gradient is exactly 0 and is not computed, so that no optimizer
  /// moves the bias. (Computed, it would be rounding noise, which Adam turns into steps of full
  /// size.) For BatchNorm::follow, which gives the running mean what it lacks.
  void set_feeds_batch_norm() { feeds_batch_norm_ = true; }
  bool leaves_out_bias() const { return feeds_batch_norm_ && training() && bias.defined(); }
  Variable weight, bias;

 protected:
  ConvLayer(const ConvLayerOptions& options, int spatial_rank, bool transposed);

 private:
  ConvLayerOptions options_;
  int spatial_rank_;
  bool transposed_;
  bool feeds_batch_norm_ = false;
};

struct Conv2d : ConvLayer {
  explicit Conv2d(const ConvLayerOptions& options) : ConvLayer(options, 2, false) {}
};
struct Conv3d : ConvLayer {
  explicit Conv3d(const ConvLayerOptions& options) : ConvLayer(options, 3, false) {}
};
struct ConvTranspose2d : ConvLayer {
  explicit ConvTranspose2d(const ConvLayerOptions& options) : ConvLayer(options, 2, true) {}
};
struct ConvTranspose3d : ConvLayer {
  explicit ConvTranspose3d(const ConvLayerOptions& options) : ConvLayer(options, 3, true) {}
};

}  // namespace voxgrad
