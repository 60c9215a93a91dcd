#include "pix2vox/network/decoder.h"

#include "autograd/functions.h"
#include "layers/conv_block.h"
#include "pix2vox/network/blocks.h"

namespace voxgrad {

Decoder::Decoder(const ModelConfig& config) : in_channels_(config.decoder_in_channels()) {
  const auto add_layer = [this](std::shared_ptr<UnaryModule> layer) {
    layers_.push_back(
        register_module("layer" + std::to_string(layers_.size() + 1), std::move(layer)));
  };
  std::int64_t channels = in_channels_;
  for (const std::int64_t out_channels : config.decoder_channels) {
    add_layer(std::make_shared<ConvBlock>(upsample2x(channels, out_channels),
                                          ConvBlockOptions{.activation = Activation::relu()}));
    channels = out_channels;
  }
  const ConvLayerOptions to_volume{.in_channels = channels,
                                   .out_channels = 1,
                                   .bias = false,
                                   .activation = Activation::sigmoid()};
  auto last = std::make_shared<Sequential>();
  last->add("0", std::make_shared<ConvTranspose3d>(to_volume));
  add_layer(last);
}

Decoder::Result Decoder::forward(const Variable& features, const ForwardContext& context) {
  Variable x = permute(features, channels_first_2d);
  x = reshape(x, {features.shape()[0], in_channels_, 2, 2, 2});
  x = permute(x, channels_last_3d);
  for (std::size_t i = 0; i + 1 < layers_.size(); ++i) x = (*layers_[i])(x, context);
  return {x, (*layers_.back())(x, context)};
}

Variable Decoder::Result::raw_features() const {
  return concat_channels(features, cast(coarse, features.dtype()));
}

}  // namespace voxgrad
