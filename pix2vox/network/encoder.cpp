#include "pix2vox/network/encoder.h"

#include <array>

#include "layers/conv_block.h"

namespace voxgrad {
namespace {

constexpr std::array<int, 4> convolutions_per_block{2, 2, 3, 1};

// Numbered like torchvision's vgg16_bn().features[0..26]: activations and pools count, though both
// are part of the blocks here, which add no level to the names. Each block of VGG but the last ends
// with a pool.
std::shared_ptr<Sequential> make_trunk(const std::vector<std::int64_t>& block_channels) {
  auto trunk = std::make_shared<Sequential>();
  int number = 0;
  std::int64_t channels = 3;
  for (std::size_t block = 0; block < convolutions_per_block.size(); ++block) {
    for (int i = 1; i <= convolutions_per_block[block]; ++i) {
      const bool pooled =
          i == convolutions_per_block[block] && block + 1 < convolutions_per_block.size();
      const ConvLayerOptions convolution{.in_channels = channels,
                                         .out_channels = block_channels[block],
                                         .kernel_size = each_axis(3),
                                         .padding = each_axis(1)};
      const ConvBlockOptions options{.activation = Activation::relu(),
                                     .pool = pooled ? 2 : 1,
                                     .convolution_name = std::to_string(number),
                                     .norm_name = std::to_string(number + 1)};
      trunk->add("", std::make_shared<ConvBlock>(std::make_shared<Conv2d>(convolution), options));
      number += pooled ? 4 : 3;
      channels = block_channels[block];
    }
  }
  return trunk;
}

}  // namespace

Encoder::Encoder(const ModelConfig& config) {
  vgg_ = register_module("vgg", make_trunk(config.trunk_channels));
  const auto add_layer = [&](std::size_t i, std::int64_t in_channels, std::int64_t pool) {
    const ConvLayerOptions convolution{.in_channels = in_channels,
                                       .out_channels = config.encoder_channels[i],
                                       .kernel_size = each_axis(config.encoder_kernel_sizes[i])};
    return register_module("layer" + std::to_string(i + 1),
                           std::make_shared<ConvBlock>(
                               std::make_shared<Conv2d>(convolution),
                               ConvBlockOptions{.activation = Activation::elu(), .pool = pool}));
  };
  layer1_ = add_layer(0, config.trunk_channels.back(), 1);
  layer2_ = add_layer(1, config.encoder_channels[0], config.encoder_pool);
  layer3_ = add_layer(2, config.encoder_channels[1], 1);
}

Variable Encoder::forward(const Variable& images, const ForwardContext& context) {
  Variable x = (*vgg_)(images, context);
  x = (*layer1_)(x, context);
  x = (*layer2_)(x, context);
  return (*layer3_)(x, context);
}

}  // namespace voxgrad
