#include "layers/linear.h"

#include "layers/activation.h"
#include "layers/bias.h"
#include "layers/init.h"

namespace voxgrad {

namespace {

ConvGeometry checked_geometry(const Variable& x, const Variable& weight, const Variable& bias,
                              Precision precision) {
  check_parameter("linear", x, weight);
  ConvGeometry g = ConvGeometry::linear("linear", x.shape(), weight.shape());
  check_bias("linear", x, bias, g.out_channels);
  g.precision = precision;
  return g;
}

}  // namespace

Variable linear(const Variable& x, const Variable& weight, const Variable& bias,
                Activation activation, Precision precision) {
  if (apart_from_activation(activation, x, weight, bias))
    return voxgrad::activation(linear(x, weight, bias, Activation::identity(), precision),
                               activation);
  const ConvGeometry g = checked_geometry(x, weight, bias, precision);
  const Tensor w = compute_weight(x, weight);
  Tensor y(g.output_shape(), result_dtype(x, activation), x.device());
  backend(x.device()).conv.forward(g, x.value(), w, make_epilogue(bias, activation), y);

  const Tensor saved = activation.kind == ActivationKind::identity ? Tensor() : y;
  return make_result(y, "linear", {x, weight, bias}, [=](const Tensor& dy) {
    const ConvOps& kernels = backend(dy.device()).conv;
    const Tensor dz = activation_gradient(activation, saved, dy).to(x.dtype());
    std::vector<Tensor> gradients(3);
    if (x.requires_grad()) {
      gradients[0] = Tensor::like(x.value());
      kernels.backward_data(g, dz, w, Epilogue{}, gradients[0]);
    }
    if (weight.requires_grad()) {
      gradients[1] = Tensor::like(weight.value());
      kernels.backward_weight(g, x.value(), dz, gradients[1]);
    }
    if (bias.requires_grad()) gradients[2] = bias_gradient(dz);
    return gradients;
  });
}

Linear::Linear(const LinearOptions& options) : options_(options) {
  weight = register_parameter("weight", Tensor({options.out_features, options.in_features}));
  if (options.bias) bias = register_parameter("bias", Tensor({options.out_features}));
  initialize_layer(weight.value(), bias.defined() ? bias.value() : Tensor());
}

Variable Linear::forward(const Variable& x, const ForwardContext&) {
  if (!folded()) return linear(x, weight, bias, options_.activation, precision_);
  const ConvGeometry g = checked_geometry(x, weight, bias, precision_);
  const Tensor y(g.output_shape(), result_dtype(x, options_.activation), x.device());
  PackedWeights& weights = packed(weight.value(), x.dtype());
  const ConvProblem problem{ConvDirection::forward, g, x.dtype(), y.dtype(), bias.defined(),
                            options_.activation};
  backend(x.device())
      .conv.run(problem, {x.value(), weights.weight(), y, make_epilogue(bias, options_.activation),
                          &weights});
  return make_result(y, "linear", {}, nullptr);
}

}  // namespace voxgrad
