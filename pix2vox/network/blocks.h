// What the parts of the network share: upsampling, and the orders of dimensions in which the
// published weights expect maps to be flattened.
#pragma once

#include "layers/conv.h"
#include "tensor/ops/layout_ops.h"

namespace voxgrad {

/// Transposed convolution that doubles the side: kernel 4, stride 2, padding 1, no bias.
inline std::shared_ptr<ConvTranspose3d> upsample2x(std::int64_t in_channels,
                                                   std::int64_t out_channels,
                                                   Activation activation = {}) {
  return std::make_shared<ConvTranspose3d>(ConvLayerOptions{.in_channels = in_channels,
                                                            .out_channels = out_channels,
                                                            .kernel_size = each_axis(4),
                                                            .stride = each_axis(2),
                                                            .padding = each_axis(1),
                                                            .bias = false,
                                                            .activation = activation});
}

/// [N,h,w,C] to [N,C,h,w] and [N,d,h,w,C] to [N,C,d,h,w]: PyTorch's order.
inline constexpr Permutation channels_first_2d{0, 3, 1, 2};
inline constexpr Permutation channels_first_3d{0, 4, 1, 2, 3};
/// [N,C,d,h,w] to [N,d,h,w,C].
inline constexpr Permutation channels_last_3d{0, 2, 3, 4, 1};

}  // namespace voxgrad
