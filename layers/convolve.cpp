#include "layers/convolve.h"

#include "autograd/weight_cache.h"
#include "layers/activation.h"
#include "tensor/ops/backend.h"
#include "tensor/ops/packed_weights.h"

namespace voxgrad {
namespace {

/// The weight as it is multiplied with maps like x.
Tensor compute_weight(const Variable& x, const Variable& weight) {
  return x.dtype() == DType::bf16 ? bf16_weight(weight) : weight.value().to(x.dtype());
}

/// The gradient before an activation, from the activated result y.
Tensor activation_gradient(Activation activation, const Tensor& y, const Tensor& dy) {
  if (activation.kind == ActivationKind::identity) return dy;
  Tensor dz = Tensor::like(dy);
  backend(dy.device()).elementwise.activation_backward(activation, y, dy, dz);
  return dz;
}

Tensor bias_gradient(const Tensor& dy) {
  Tensor dbias({dy.shape()[-1]}, parameter_dtype(dy.dtype()), dy.device());
  backend(dy.device()).reduce.column_sums(dy, dbias);
  return dbias;
}

}  // namespace

Variable convolve(const ConvCall& call, const Variable& x, const Variable& weight,
                  const Variable& bias) {
  const bool history = !call.packed && needs_history({&x, &weight, &bias});
  if (slope_needs_input(call.activation.kind) && history) {
    // The gradient of such an activation needs what is before it.
    ConvCall plain = call;
    plain.activation = Activation::identity();
    return voxgrad::activation(convolve(plain, x, weight, bias), call.activation);
  }
  const char* const op = call.op;
  const ConvGeometry& geometry = call.geometry;
  const bool transposed = call.transposed, without_bias = call.without_bias;
  const Activation activation = call.activation;
  check_parameter(op, x.value(), weight.value());
  if (bias.defined()) {
    check_shape(op, "bias", bias.value(),
                {transposed ? geometry.in_channels : geometry.out_channels});
    check_parameter(op, x.value(), bias.value());
  }
  // Probabilities are f32 regardless of the maps' dtype.
  const bool probability = activation.kind == ActivationKind::sigmoid;
  const Tensor y(transposed ? geometry.input_shape() : geometry.output_shape(),
                 probability ? parameter_dtype(x.dtype()) : x.dtype(), x.device());
  const Tensor w = call.packed ? call.packed->weight() : compute_weight(x, weight);
  const Epilogue epilogue{bias.defined() && !without_bias ? bias.value() : Tensor(), activation};
  const ConvOps& ops = backend(x.device()).conv;
  if (transposed)
    ops.compute(ConvDirection::backward_data, geometry, {y, w, x.value(), epilogue, call.packed});
  else
    ops.compute(ConvDirection::forward, geometry, {x.value(), w, y, epilogue, call.packed});

  const Tensor saved = activation.kind == ActivationKind::identity ? Tensor() : y;
  const std::vector<Variable> inputs =
      history ? std::vector{x, weight, bias} : std::vector<Variable>{};
  return make_result(y, op, inputs, [=, g = geometry](const Tensor& dy) {
    const ConvOps& kernels = backend(dy.device()).conv;
    const Tensor dz = activation_gradient(activation, saved, dy).to(x.dtype());
    std::vector<Tensor> gradients(3);
    if (x.requires_grad()) {
      gradients[0] = Tensor::like(x.value());
      if (transposed)
        kernels.forward(g, dz, w, Epilogue{}, gradients[0]);
      else
        kernels.backward_data(g, dz, w, Epilogue{}, gradients[0]);
    }
    if (weight.requires_grad()) {
      gradients[1] = Tensor::like(weight.value());
      if (transposed)
        kernels.backward_weight(g, dz, x.value(), gradients[1]);
      else
        kernels.backward_weight(g, x.value(), dz, gradients[1]);
    }
    if (bias.requires_grad())
      gradients[2] = without_bias ? Tensor::zeros(bias.shape(), bias.dtype(), bias.device())
                                  : bias_gradient(dz);
    return gradients;
  });
}

}  // namespace voxgrad
