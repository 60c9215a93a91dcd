#include "layers/conv.h"

#include "layers/activation.h"
#include "layers/bias.h"
#include "layers/init.h"

namespace voxgrad {
namespace {

const char* op_name(bool transposed, int rank) {
  if (transposed) return rank == 5 ? "conv_transpose3d" : "conv_transpose2d";
  return rank == 5 ? "conv3d" : "conv2d";
}

// What a layer is about to compute, its arguments checked.
ConvProblem checked_problem(const char* op, bool transposed, const Variable& x,
                            const Variable& weight, const Variable& bias,
                            const ConvOptions& options, Activation activation) {
  check_parameter(op, x, weight);
  const ConvGeometry g = transposed
                             ? ConvGeometry::transposed(op, x.shape(), weight.shape(), options)
                             : ConvGeometry::convolution(op, x.shape(), weight.shape(), options);
  check_bias(op, x, bias, transposed ? g.in_channels : g.out_channels);
  const auto direction = transposed ? ConvDirection::backward_data : ConvDirection::forward;
  return {direction, g, x.dtype(), result_dtype(x, activation), bias.defined(), activation};
}

// The forward pass of a convolution or, as backward_data, of its transpose.
Tensor run(const ConvProblem& problem, const Tensor& x, const Tensor& w, const Epilogue& epilogue,
           PackedWeights* packed = nullptr) {
  const Tensor y(problem.result_shape(), problem.result, x.device());
  const bool forward = problem.is_forward();
  backend(x.device()).conv.run(problem, {forward ? x : y, w, forward ? y : x, epilogue, packed});
  return y;
}

// A convolution and its transpose differ only in which kernel runs forward and which backward.
// without_bias: it is not added, and its gradient is 0.
Variable convolve(bool transposed, const Variable& x, const Variable& weight, const Variable& bias,
                  const ConvOptions& options, Activation activation, bool without_bias = false) {
  if (apart_from_activation(activation, x, weight, bias))
    return voxgrad::activation(
        convolve(transposed, x, weight, bias, options, Activation::identity(), without_bias),
        activation);
  const char* op = op_name(transposed, x.shape().rank());
  ConvProblem problem = checked_problem(op, transposed, x, weight, bias, options, activation);
  problem.bias = bias.defined() && !without_bias;
  const Epilogue epilogue = make_epilogue(without_bias ? Variable() : bias, activation);
  const Tensor w = compute_weight(x, weight);
  const Tensor y = run(problem, x.value(), w, epilogue);

  const Tensor saved = activation.kind == ActivationKind::identity ? Tensor() : y;
  return make_result(y, op, {x, weight, bias}, [=, g = problem.geometry](const Tensor& dy) {
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

// Multiplies the weights of each output channel: a weight's rows or, transposed, its columns.
void scale_channels(const Tensor& weight, bool transposed, const std::vector<double>& scale) {
  dispatch_float("fold", weight.dtype(), [&]<class T>() {
    T* const w = weight.data<T>();
    const std::int64_t channels = std::int64_t(scale.size()), n = weight.numel();
    const std::vector<T> factor(scale.begin(), scale.end());
    if (transposed) {
      for (std::int64_t row = 0; row < n; row += channels)
        for (std::int64_t c = 0; c < channels; ++c) w[row + c] *= factor[c];
    } else {
      const std::int64_t row = n / channels;
      for (std::int64_t c = 0; c < channels; ++c)
        for (std::int64_t i = 0; i < row; ++i) w[c * row + i] *= factor[c];
    }
  });
}

}  // namespace

Variable conv(const Variable& x, const Variable& weight, const Variable& bias,
              const ConvOptions& options, Activation activation) {
  return convolve(false, x, weight, bias, options, activation);
}

Variable conv_transpose(const Variable& x, const Variable& weight, const Variable& bias,
                        const ConvOptions& options, Activation activation) {
  return convolve(true, x, weight, bias, options, activation);
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

Variable ConvLayer::forward(const Variable& x, const ForwardContext&) {
  if (!folded()) return convolve(transposed_, x, weight, bias, conv_options(), options_.activation);
  const char* op = op_name(transposed_, x.shape().rank());
  const ConvProblem problem =
      checked_problem(op, transposed_, x, weight, bias, conv_options(), options_.activation);
  PackedWeights& weights = packed(weight.value(), x.dtype());
  const Tensor y =
      run(problem, x.value(), weights.weight(), make_epilogue(bias, options_.activation), &weights);
  return make_result(y, op, {}, nullptr);
}

Variable ConvLayer::forward_without_bias(const Variable& x) {
  return convolve(transposed_, x, weight, bias, conv_options(), options_.activation, true);
}

void ConvLayer::absorb(const std::vector<double>& scale, const std::vector<double>& new_bias,
                       Activation activation) {
  const Tensor& w = weight.value();
  const Tensor on_host = w.to(Device::cpu());
  scale_channels(on_host, transposed_, scale);
  if (!on_host.shares_storage_with(w)) w.copy_from(on_host);
  const Tensor b = Tensor::from(new_bias, {options_.out_channels}).to(w.dtype()).to(w.device());
  // The bias is one of the module's parameters, so that it moves with them.
  if (bias.defined()) {
    bias.set_value(b);
  } else {
    bias = register_parameter("bias", b);
    bias.set_requires_grad(false);
  }
  options_.activation = activation;
}

}  // namespace voxgrad
