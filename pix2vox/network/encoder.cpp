#include "pix2vox/network/encoder.h"

#include <array>

#include "pix2vox/network/blocks.h"

namespace voxgrad {
namespace {

constexpr std::array<int, 4> convolutions_per_block{2, 2, 3, 1};

// Numbered like torchvision's vgg16_bn().features[0..26]: activations and pools count, though both
// are part of the batch norm here. Every block but the last ends with a pool.
std::shared_ptr<Sequential> make_trunk(const std::vector<std::int64_t>& block_channels) {
  auto trunk = std::make_shared<Sequential>();
  int number = 0;
  std::int64_t channels = 3;
  for (std::size_t block = 0; block < convolutions_per_block.size(); ++block) {
    for (int i = 1; i <= convolutions_per_block[block]; ++i) {
      const bool pooled =
          i == convolutions_per_block[block] && block + 1 < convolutions_per_block.size();
      const auto convolution = std::make_shared<Conv2d>(
          ConvLayerOptions::cube(channels, block_channels[block], 3, 1, 1));
      trunk->add(std::to_string(number), convolution);
      trunk->add(std::to_string(number + 1),
                 norm_behind(convolution, Activation::relu(), pooled ? 2 : 1));
      number += pooled ? 4 : 3;
      channels = block_channels[block];
    }
  }
  return trunk;
}

}  // namespace

Encoder::Encoder(const ModelConfig& config) {
  vgg_ = register_module("vgg", make_trunk(config.trunk_channels));
  const auto make_layer = [&](std::size_t i, std::int64_t in_channels, std::int64_t pool) {
    const auto options = ConvLayerOptions::cube(in_channels, config.encoder_channels[i],
                                                config.encoder_kernel_sizes[i]);
    return register_module("layer" + std::to_string(i + 1),
                           normalized(std::make_shared<Conv2d>(options), Activation::elu(), pool));
  };
  layer1_ = make_layer(0, config.trunk_channels.back(), 1);
  layer2_ = make_layer(1, config.encoder_channels[0], config.encoder_pool);
  layer3_ = make_layer(2, config.encoder_channels[1], 1);
}

Variable Encoder::forward(const Variable& images) {
  Variable x = (*vgg_)("vgg", images);
  x = (*layer1_)("layer1", x);
  x = (*layer2_)("layer2", x);
  return (*layer3_)("layer3", x);
}

}  // namespace voxgrad
