// 3x3x3 convolutions with few channels, f32: the merger's last layers. Channels last would leave
// most lanes of a register idle, so a slab of the map is laid out by channels first, and 32
// neighbours along the width are computed at a time, for all output channels.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu::small_channels {

/// True for what it can compute.
bool supports(const ConvGeometry& geometry);
/// True where it does, and is the fastest known way.
bool preferred(const ConvGeometry& geometry);

/// The epilogue is left to the caller. The same bits for any number of threads.
void forward(const ConvGeometry& geometry, const Tensor& x, const Tensor& w, const Tensor& y);

}  // namespace voxgrad::cpu::small_channels
