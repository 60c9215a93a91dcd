#include "pix2vox/network/merger.h"

#include "autograd/functions.h"
#include "layers/conv_block.h"
#include "layers/views.h"

namespace voxgrad {

Merger::Merger(const ModelConfig& config)
    : joined_(config.is_plus_plus() ? config.merger_channels.size() - 1 : 0) {
  std::vector<std::int64_t> channels = config.merger_channels;
  channels.push_back(1);
  std::int64_t in_channels = config.decoder_channels.back() + 1;
  std::int64_t in_all = 0;  // of the results so far
  for (const std::int64_t out_channels : channels) {
    if (joined_ > 0 && layers_.size() == joined_) in_channels = in_all;
    const ConvLayerOptions convolution{.in_channels = in_channels,
                                       .out_channels = out_channels,
                                       .kernel_size = each_axis(3),
                                       .padding = each_axis(1)};
    layers_.push_back(register_module(
        "layer" + std::to_string(layers_.size() + 1),
        std::make_shared<ConvBlock>(std::make_shared<Conv3d>(convolution),
                                    ConvBlockOptions{.activation = Activation::leaky_relu(0.2)})));
    in_channels = out_channels;
    in_all += out_channels;
  }
}

Variable Merger::forward(const Variable& raw_features, const ForwardContext& context) {
  Variable x = raw_features, all;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = (*layers_[i])(joined_ > 0 && i == joined_ ? all : x, context);
    if (i < joined_) all = all.defined() ? concat_channels(all, x) : x;
  }
  return x;
}

Variable Merger::merge(const Variable& raw_features, const Variable& coarse,
                       const ForwardContext& context) {
  const Variable scores = forward(raw_features, context);
  const Variable weights =
      softmax_over_views(reshape(cast(scores, coarse.dtype()), coarse.shape()));
  return clamp(weighted_sum_over_views(weights, coarse), 0, 1);
}

Variable Merger::merge_one_view(const Variable& coarse) const {
  const Shape& shape = coarse.shape();
  // Gradients of 0 are gradients: an optimizer with momentum still moves the parameters, as it does
  // where the whole backward pass is run.
  std::vector<Variable> inputs{coarse};
  for (const auto& [name, parameter] : parameters()) inputs.push_back(parameter);
  const Shape merged{shape[1], shape[2], shape[3], shape[4]};
  const auto backward = [=](const Tensor& dy) {
    std::vector<Tensor> gradients(inputs.size());
    if (coarse.requires_grad()) gradients[0] = dy.reshape(shape);
    for (std::size_t i = 1; i < inputs.size(); ++i)
      if (inputs[i].requires_grad()) {
        const Tensor& value = inputs[i].value();
        gradients[i] = Tensor::zeros(value.shape(), value.dtype(), value.device());
      }
    return gradients;
  };
  const Tensor value = coarse.value().reshape(merged);
  return clamp(make_result(value, "one_view", inputs, backward), 0, 1);
}

}  // namespace voxgrad
