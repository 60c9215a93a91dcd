// Convolutions with few output pixels and heavy weights, f32: the decoder's first layers and linear
// layers, which are the case of one pixel and one tap. What they cost is the way of the weights
// through memory. So weights stay in their layout, each is read or written once, and taps that fall
// into the padding (of a 4x4x4 kernel on a 4x4x4 map more than half) are left out.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu::weight_bound {

/// True for what it can compute.
bool supports(const ConvGeometry& geometry);
/// True where it does, and is the fastest known way.
bool preferred(const ConvGeometry& geometry);

// The epilogue is left to the caller. The same bits for any number of threads.
void forward(const ConvGeometry& geometry, const Tensor& x, const Tensor& w, const Tensor& y);
void backward_data(const ConvGeometry& geometry, const Tensor& dy, const Tensor& w,
                   const Tensor& dx);
void backward_weight(const ConvGeometry& geometry, const Tensor& x, const Tensor& dy,
                     const Tensor& dw);

}  // namespace voxgrad::cpu::weight_bound
