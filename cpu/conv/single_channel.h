// The data gradient of convolutions with one input channel, f32 (and so the forward pass of
// transposed ones with one output channel), for which oneDNN fills one lane in sixteen. A matrix
// product gives, for every tap of the kernel, a whole map of what it hands back to x; the rows of
// these maps are then added up, shifted by the tap's place.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu::single_channel {

/// True for what it can compute.
bool supports(const ConvGeometry& geometry);
/// True where it does, and is the fastest known way.
bool preferred(const ConvGeometry& geometry);

/// The epilogue is left to the caller.
void backward_data(const ConvGeometry& geometry, const Tensor& dy, const Tensor& w,
                   const Tensor& dx);

}  // namespace voxgrad::cpu::single_channel
