#include "layers/conv_block.h"

#include <cmath>

#include "layers/pool.h"

namespace voxgrad {
namespace {

std::vector<double> values_of(const Tensor& tensor) {
  return tensor.to(DType::f64).to_vector<double>();
}

}  // namespace

ConvBlock::ConvBlock(std::shared_ptr<ConvLayer> convolution, const ConvBlockOptions& options)
    : convolution_(register_module(options.convolution_name, std::move(convolution))),
      norm_(register_module(options.norm_name, std::make_shared<BatchNorm>(BatchNormOptions{
                                                   .channels = convolution_->options().out_channels,
                                                   .eps = options.eps,
                                                   .momentum = options.momentum,
                                                   .activation = options.activation,
                                                   .pool = options.pool}))) {
  check(convolution_->options().activation.kind == ActivationKind::identity,
        "[conv_block] the convolution has an activation of its own, before the norm: give the "
        "activation to the block");
}

Variable ConvBlock::forward(const Variable& x, const ForwardContext& context) {
  if (folded()) {
    const Variable y = (*convolution_)(x, context);
    const std::int64_t pool = norm_->options().pool;
    if (pool == 1) return y;
    const NameScope scope(norm_->name());
    return max_pool(y, each_axis(pool), each_axis(pool));
  }
  const bool omit_bias = norm_->training() && convolution_->bias.defined();
  const Variable convolved = [&] {
    const NameScope scope(convolution_->name());
    return omit_bias ? convolution_->forward_without_bias(x) : convolution_->forward(x, context);
  }();
  const NameScope scope(norm_->name());
  BatchNormCall call = norm_->make_call(context);
  if (omit_bias) call.omitted_bias = convolution_->bias.value();
  call.may_overwrite = true;
  return batch_norm(convolved, norm_->weight, norm_->bias, norm_->running_mean, norm_->running_var,
                    call);
}

void ConvBlock::fold() {
  const std::vector<double> gamma = values_of(norm_->weight.value()),
                            beta = values_of(norm_->bias.value()),
                            mean = values_of(norm_->running_mean),
                            variance = values_of(norm_->running_var);
  std::vector<double> scale(gamma.size()), bias(gamma.size(), 0);
  if (convolution_->bias.defined()) bias = values_of(convolution_->bias.value());
  for (std::size_t c = 0; c < scale.size(); ++c) {
    scale[c] = gamma[c] / std::sqrt(variance[c] + norm_->options().eps);
    bias[c] = (bias[c] - mean[c]) * scale[c] + beta[c];
  }
  convolution_->absorb(scale, bias, norm_->options().activation);
}

}  // namespace voxgrad
