#include "layers/linear.h"

#include "layers/convolve.h"
#include "layers/init.h"

namespace voxgrad {
namespace {

// A linear layer is a 1x1 convolution of maps of one pixel.
ConvCall call_of(const Variable& x, const Variable& weight, Activation activation,
                 Precision precision) {
  ConvCall call{.op = "linear",
                .geometry = ConvGeometry::linear("linear", x.shape(), weight.shape()),
                .activation = activation};
  call.geometry.precision = precision;
  return call;
}

}  // namespace

Variable linear(const Variable& x, const Variable& weight, const Variable& bias,
                Activation activation, Precision precision) {
  return convolve(call_of(x, weight, activation, precision), x, weight, bias);
}

Linear::Linear(const LinearOptions& options) : options_(options) {
  weight = register_parameter("weight", Tensor({options.out_features, options.in_features}));
  if (options.bias) bias = register_parameter("bias", Tensor({options.out_features}));
  initialize_layer(weight.value(), bias.defined() ? bias.value() : Tensor());
}

Variable Linear::forward(const Variable& x, const ForwardContext&) {
  ConvCall call = call_of(x, weight, options_.activation, precision_);
  if (folded()) call.packed = &packed(weight.value(), x.dtype());
  return convolve(call, x, weight, bias);
}

}  // namespace voxgrad
