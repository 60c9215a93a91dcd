#include "pix2vox/network/trunk.h"

#include <array>
#include <utility>

#include "layers/pool.h"
#include "layers/residual_block.h"

namespace voxgrad {
namespace {

constexpr std::array<int, 4> convolutions_per_block{2, 2, 3, 1};

// Activations and pools count in the numbers, though both are part of the blocks here, which add no
// level to the names. Each block of VGG but the last ends with a pool.
std::shared_ptr<Sequential> make_vgg(const std::vector<std::int64_t>& block_channels) {
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

std::shared_ptr<Sequential> make_resnet(const ModelConfig& config) {
  auto trunk = std::make_shared<Sequential>();
  std::int64_t channels = config.trunk_channels[0];
  const ConvLayerOptions stem{.in_channels = 3,
                              .out_channels = channels,
                              .kernel_size = each_axis(7),
                              .stride = each_axis(2),
                              .padding = each_axis(3),
                              .bias = false};
  trunk->add("", std::make_shared<ConvBlock>(std::make_shared<Conv2d>(stem),
                                             ConvBlockOptions{.activation = Activation::relu()}));
  trunk->add(
      "3", std::make_shared<MaxPool>(MaxPoolOptions{.kernel_size = 3, .stride = 2, .padding = 1}));
  const bool bottlenecks = config.has_bottlenecks();
  const std::array<int, 2> blocks = bottlenecks ? std::array{3, 4} : std::array{2, 2};
  for (std::size_t stage = 0; stage < blocks.size(); ++stage) {
    const std::int64_t width = config.trunk_channels[stage + 1];
    auto layer = std::make_shared<Sequential>();
    for (int i = 0; i < blocks[stage]; ++i) {
      const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
      layer->add(std::to_string(i), bottlenecks ? make_bottleneck(channels, width, stride)
                                                : make_basic_block(channels, width, stride));
      channels = bottlenecks ? 4 * width : width;
    }
    trunk->add(std::to_string(4 + stage), layer);
  }
  return trunk;
}

using Renaming = std::pair<std::string, std::string>;  // the beginning of a name, and its like here

std::vector<Renaming> renamings(const ModelConfig& config) {
  if (!config.is_plus_plus()) return {{"encoder.vgg.", ""}, {"vgg.", ""}, {"features.", ""}};
  return {{"encoder.resnet.", ""}, {"resnet.", ""},   {"conv1.", "0."},
          {"bn1.", "1."},          {"layer1.", "4."}, {"layer2.", "5."}};
}

}  // namespace

std::shared_ptr<Sequential> make_trunk(const ModelConfig& config) {
  return config.is_plus_plus() ? make_resnet(config) : make_vgg(config.trunk_channels);
}

std::string trunk_name(const ModelConfig& config) {
  return config.is_plus_plus() ? "resnet" : "vgg";
}

std::vector<NamedTensor> trunk_tensors(const ModelConfig& config,
                                       const std::vector<NamedTensor>& tensors) {
  std::vector<NamedTensor> trunk;
  for (const auto& [name, tensor] : tensors)
    for (const auto& [theirs, ours] : renamings(config))
      if (name.starts_with(theirs)) {
        trunk.push_back({ours + name.substr(theirs.size()), tensor});
        break;
      }
  return trunk;
}

}  // namespace voxgrad
