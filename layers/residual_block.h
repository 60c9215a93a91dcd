// ResidualBlock: convolutions whose result is added to their input (He et al., 2015).
//
//   y = relu(f(x) + shortcut(x)),  f = norm(conv_n(... relu(norm(conv_1(x)))))
//
// The last norm has no activation of its own: ReLU comes after the addition. The shortcut is x
// itself, or a convolution and a norm where the block changes the map's size or channels.
// State-dict names are those of torchvision's ResNet: conv1, bn1, conv2, bn2, ..., downsample.0,
// downsample.1.
#pragma once

#include "layers/conv_block.h"

namespace voxgrad {

class ResidualBlock : public UnaryModule {
 public:
  /// At least one convolution, each without an activation; `shortcut` may be null.
  explicit ResidualBlock(const std::vector<std::shared_ptr<ConvLayer>>& convolutions,
                         std::shared_ptr<ConvLayer> shortcut = nullptr);
  Variable forward(const Variable& x, const ForwardContext& context) override;

 private:
  std::vector<std::shared_ptr<ConvBlock>> path_;
  std::shared_ptr<ConvBlock> shortcut_;  // null: x itself
};

/// Two 3x3 convolutions, the first with the stride: in_channels -> channels -> channels.
std::shared_ptr<ResidualBlock> make_basic_block(std::int64_t in_channels, std::int64_t channels,
                                                std::int64_t stride);
/// 1x1 to `channels`, 3x3 with the stride, 1x1 to 4 * channels (torchvision's form, "v1.5").
std::shared_ptr<ResidualBlock> make_bottleneck(std::int64_t in_channels, std::int64_t channels,
                                               std::int64_t stride);

}  // namespace voxgrad
