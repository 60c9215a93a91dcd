// Convolution as a matrix product, f32: the pixels that an output pixel sees are copied into a row
// of a matrix [output pixels, taps * channels], which meets the weights [Cout, taps * channels] as
// they are. It suits layers with few pixels and heavy weights, which other kernels would reorder,
// and linear layers, whose input is that matrix already.
#pragma once

#include "tensor/ops/conv.h"

namespace voxgrad::cpu::conv_matrix {

/// True where this form is the fastest.
bool suits(const ConvGeometry& geometry);

// The epilogue is left to the caller.
void forward(const ConvGeometry& geometry, const Tensor& x, const Tensor& w, const Tensor& y);
void backward_data(const ConvGeometry& geometry, const Tensor& dy, const Tensor& w,
                   const Tensor& dx);
void backward_weight(const ConvGeometry& geometry, const Tensor& x, const Tensor& dy,
                     const Tensor& dw);

}  // namespace voxgrad::cpu::conv_matrix
