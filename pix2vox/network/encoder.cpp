#include "pix2vox/network/encoder.h"

#include "layers/conv_block.h"
#include "pix2vox/network/trunk.h"

namespace voxgrad {

Encoder::Encoder(const ModelConfig& config) {
  trunk_ = register_module(trunk_name(config), make_trunk(config));
  std::int64_t channels = config.trunk_out_channels();
  for (std::size_t i = 0; i < 3; ++i) {
    const ConvLayerOptions convolution{.in_channels = channels,
                                       .out_channels = config.encoder_channels[i],
                                       .kernel_size = each_axis(config.encoder_kernel_sizes[i]),
                                       .padding = each_axis(config.encoder_padding(i))};
    const ConvBlockOptions options{
        .activation = config.is_plus_plus() ? Activation::relu() : Activation::elu(),
        .pool = config.encoder_pool_after(i)};
    layers_.push_back(register_module(
        "layer" + std::to_string(i + 1),
        std::make_shared<ConvBlock>(std::make_shared<Conv2d>(convolution), options)));
    channels = config.encoder_channels[i];
  }
}

Variable Encoder::forward(const Variable& images, const ForwardContext& context) {
  Variable x = (*trunk_)(images, context);
  for (const auto& layer : layers_) x = (*layer)(x, context);
  return x;
}

}  // namespace voxgrad
