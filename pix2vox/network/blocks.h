// The building block of every part: convolution and batch norm, numbered as in the published state
// dicts ("0", "1"). Batch norm has the activation ("2") and the max pooling ("3") behind it in it.
#pragma once

#include "layers/activation.h"
#include "layers/conv.h"
#include "layers/norm.h"
#include "tensor/ops/layout_ops.h"

namespace voxgrad {

/// pool: edge of the pooling windows, 1 for none.
inline std::shared_ptr<BatchNorm> norm_behind(const std::shared_ptr<ConvLayer>& convolution,
                                              Activation activation, std::int64_t pool = 1) {
  auto norm =
      std::make_shared<BatchNorm>(BatchNormOptions{.channels = convolution->options().out_channels,
                                                   .activation = activation,
                                                   .pool = pool,
                                                   .may_overwrite = true});
  norm->follow(convolution);
  return norm;
}

inline std::shared_ptr<Sequential> normalized(const std::shared_ptr<ConvLayer>& convolution,
                                              Activation activation, std::int64_t pool = 1) {
  auto block = std::make_shared<Sequential>();
  block->add("0", convolution);
  block->add("1", norm_behind(convolution, activation, pool));
  return block;
}

/// Transposed convolution that doubles the edge: kernel 4, stride 2, padding 1, no bias.
inline std::shared_ptr<ConvTranspose3d> doubling(std::int64_t in_channels,
                                                 std::int64_t out_channels,
                                                 Activation activation = {}) {
  ConvLayerOptions options = ConvLayerOptions::cube(in_channels, out_channels, 4, 2, 1, false);
  options.activation = activation;
  return std::make_shared<ConvTranspose3d>(options);
}

/// [N,h,w,C] to [N,C,h,w] and [N,d,h,w,C] to [N,C,d,h,w]: PyTorch's order, in which the published
/// weights expect maps to be flattened.
inline constexpr Permutation channels_first_2d{0, 3, 1, 2};
inline constexpr Permutation channels_first_3d{0, 4, 1, 2, 3};
/// [N,C,d,h,w] to [N,d,h,w,C].
inline constexpr Permutation channels_last_3d{0, 2, 3, 4, 1};

}  // namespace voxgrad
