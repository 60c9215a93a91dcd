#include "layers/residual_block.h"

#include "autograd/functions.h"
#include "layers/activation.h"

namespace voxgrad {
namespace {

// Square, padded by half the kernel, without bias.
std::shared_ptr<Conv2d> convolution(std::int64_t in_channels, std::int64_t out_channels,
                                    std::int64_t kernel_size, std::int64_t stride = 1) {
  return std::make_shared<Conv2d>(ConvLayerOptions{.in_channels = in_channels,
                                                   .out_channels = out_channels,
                                                   .kernel_size = each_axis(kernel_size),
                                                   .stride = each_axis(stride),
                                                   .padding = each_axis(kernel_size / 2),
                                                   .bias = false});
}

std::shared_ptr<ConvLayer> shortcut(std::int64_t in_channels, std::int64_t out_channels,
                                    std::int64_t stride) {
  if (in_channels == out_channels && stride == 1) return nullptr;
  return convolution(in_channels, out_channels, 1, stride);
}

}  // namespace

ResidualBlock::ResidualBlock(const std::vector<std::shared_ptr<ConvLayer>>& convolutions,
                             std::shared_ptr<ConvLayer> shortcut) {
  check(!convolutions.empty(), "[residual_block] at least one convolution");
  for (const auto& each : convolutions) {
    const std::string number = std::to_string(path_.size() + 1);
    const bool last = path_.size() + 1 == convolutions.size();
    path_.push_back(register_module(
        "", std::make_shared<ConvBlock>(
                each, ConvBlockOptions{.activation = last ? Activation{} : Activation::relu(),
                                       .convolution_name = "conv" + number,
                                       .norm_name = "bn" + number})));
  }
  if (shortcut)
    shortcut_ = register_module("downsample", std::make_shared<ConvBlock>(std::move(shortcut)));
}

Variable ResidualBlock::forward(const Variable& x, const ForwardContext& context) {
  Variable y = x;
  for (const auto& block : path_) y = (*block)(y, context);
  return activation(add(y, shortcut_ ? (*shortcut_)(x, context) : x), Activation::relu());
}

std::shared_ptr<ResidualBlock> make_basic_block(std::int64_t in_channels, std::int64_t channels,
                                                std::int64_t stride) {
  return std::make_shared<ResidualBlock>(
      std::vector<std::shared_ptr<ConvLayer>>{convolution(in_channels, channels, 3, stride),
                                              convolution(channels, channels, 3)},
      shortcut(in_channels, channels, stride));
}

std::shared_ptr<ResidualBlock> make_bottleneck(std::int64_t in_channels, std::int64_t channels,
                                               std::int64_t stride) {
  return std::make_shared<ResidualBlock>(
      std::vector<std::shared_ptr<ConvLayer>>{convolution(in_channels, channels, 1),
                                              convolution(channels, channels, 3, stride),
                                              convolution(channels, 4 * channels, 1)},
      shortcut(in_channels, 4 * channels, stride));
}

}  // namespace voxgrad
