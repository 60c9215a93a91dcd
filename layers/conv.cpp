#include "layers/conv.h"

#include "layers/convolve.h"
#include "layers/init.h"

namespace voxgrad {
namespace {

ConvCall call_of(bool transposed, const Variable& x, const Variable& weight,
                 const ConvOptions& options, Activation activation) {
  const bool volume = x.shape().rank() == 5;
  const char* op = transposed ? (volume ? "conv_transpose3d" : "conv_transpose2d")
                              : (volume ? "conv3d" : "conv2d");
  return {.op = op,
          .transposed = transposed,
          .geometry = transposed
                          ? ConvGeometry::transposed(op, x.shape(), weight.shape(), options)
                          : ConvGeometry::convolution(op, x.shape(), weight.shape(), options),
          .activation = activation};
}

}  // namespace

Variable conv(const Variable& x, const Variable& weight, const Variable& bias,
              const ConvOptions& options, Activation activation) {
  return convolve(call_of(false, x, weight, options, activation), x, weight, bias);
}

Variable conv_transpose(const Variable& x, const Variable& weight, const Variable& bias,
                        const ConvOptions& options, Activation activation) {
  return convolve(call_of(true, x, weight, options, activation), x, weight, bias);
}

ConvLayer::ConvLayer(const ConvLayerOptions& options, int spatial_rank, bool transposed)
    : options_(options), spatial_rank_(spatial_rank), transposed_(transposed) {
  const Triple& k = options.kernel_size;
  const std::int64_t first = transposed ? options.in_channels : options.out_channels;
  const std::int64_t last = transposed ? options.out_channels : options.in_channels;
  const Shape shape =
      spatial_rank == 2 ? Shape{first, k[1], k[2], last} : Shape{first, k[0], k[1], k[2], last};
  weight = register_parameter("weight", Tensor(shape));
  if (options.bias) bias = register_parameter("bias", Tensor({options.out_channels}));
  initialize_layer(weight.value(), bias.defined() ? bias.value() : Tensor());
}

Variable ConvLayer::apply(const Variable& x, bool without_bias) {
  ConvCall call = call_of(transposed_, x, weight, {options_.stride, options_.padding, precision_},
                          options_.activation);
  call.without_bias = without_bias;
  if (folded()) call.packed = &packed(weight.value(), x.dtype());
  return convolve(call, x, weight, bias);
}

}  // namespace voxgrad
