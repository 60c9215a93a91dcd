// Convolution and transposed convolution in 2-D and 3-D. Formula and layouts:
// tensor/ops/conv_ops.h; gradients: layers/convolve.h.
//
// bf16 maps meet f32 parameters: the weight is rounded to bf16 for the products, its gradient is
// f32, and the result is bf16, or f32 after a sigmoid (tensor/precision.h).
#pragma once

#include "layers/module.h"
#include "tensor/ops/conv_ops.h"

namespace voxgrad {

/// x [N,H,W,Cin] with weight [Cout,kH,kW,Cin], or [N,D,H,W,Cin] with [Cout,kD,kH,kW,Cin]; bias
/// [Cout] or undefined. The activation is applied in the same pass.
Variable conv(const Variable& x, const Variable& weight, const Variable& bias,
              const ConvOptions& options, Activation activation = {});
/// x [N,(D,)H,W,Cin], weight [Cin,(kD,)kH,kW,Cout]; extents (input-1)*stride - 2*padding + kernel.
Variable conv_transpose(const Variable& x, const Variable& weight, const Variable& bias,
                        const ConvOptions& options, Activation activation = {});

/// {.in_channels = 3, .out_channels = 8, .kernel_size = each_axis(3), .padding = each_axis(1)}
struct ConvLayerOptions {
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;
  Triple kernel_size{1, 1, 1};  // depth, height, width; the 2-D layers ignore depth
  Triple stride{1, 1, 1};
  Triple padding{0, 0, 0};
  bool bias = true;
  Activation activation{};
};

/// Parameters "weight" and, if wanted, "bias"; initialised as in PyTorch (layers/init.h).
class ConvLayer : public WeightedLayer {
 public:
  const ConvLayerOptions& options() const { return options_; }
  int spatial_rank() const { return spatial_rank_; }
  bool transposed() const { return transposed_; }
  Variable forward(const Variable& x, const ForwardContext&) override { return apply(x, false); }
  /// The bias is not added, and its gradient is exactly 0: for a norm that subtracts it again.
  Variable forward_without_bias(const Variable& x) { return apply(x, true); }
  /// From now on computes activation(scale[c] * conv(x) + bias[c]) for each output channel c: the
  /// layer's own bias is replaced. For layers that are folded.
  void absorb(const std::vector<double>& scale, const std::vector<double>& new_bias,
              Activation activation);
  Variable weight, bias;

 protected:
  ConvLayer(const ConvLayerOptions& options, int spatial_rank, bool transposed);

 private:
  Variable apply(const Variable& x, bool without_bias);

  ConvLayerOptions options_;
  int spatial_rank_;
  bool transposed_;
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
