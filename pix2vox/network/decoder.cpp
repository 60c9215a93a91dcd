#include "pix2vox/network/decoder.h"

#include "autograd/functions.h"
#include "pix2vox/network/blocks.h"

namespace voxgrad {

Decoder::Decoder(const ModelConfig& config) : in_channels_(config.decoder_in_channels()) {
  const auto add_layer = [this](std::shared_ptr<Sequential> layer) {
    layers_.push_back(
        register_module("layer" + std::to_string(layers_.size() + 1), std::move(layer)));
  };
  std::int64_t channels = in_channels_;
  for (const std::int64_t out_channels : config.decoder_channels) {
    add_layer(normalized(doubling(channels, out_channels), Activation::relu()));
    channels = out_channels;
  }
  ConvLayerOptions last = ConvLayerOptions::cube(channels, 1, 1, 1, 0, false);
  last.activation = Activation::sigmoid();
  auto layer = std::make_shared<Sequential>();
  layer->add("0", std::make_shared<ConvTranspose3d>(last));
  add_layer(layer);
}

Decoder::Result Decoder::forward(const Variable& features) {
  Variable x = permute(features, channels_first_2d);
  x = reshape(x, {features.shape()[0], in_channels_, 2, 2, 2});
  x = permute(x, channels_last_3d);
  for (std::size_t i = 0; i + 1 < layers_.size(); ++i)
    x = (*layers_[i])("layer" + std::to_string(i + 1), x);
  const Variable coarse = (*layers_.back())("layer" + std::to_string(layers_.size()), x);
  return {x, coarse};
}

Variable Decoder::Result::raw_features() const {
  return concat_channels(features, cast(coarse, features.dtype()));
}

}  // namespace voxgrad
