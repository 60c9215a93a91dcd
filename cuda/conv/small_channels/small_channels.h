// Our own kernels for convolutions of few channels, where cuDNN pads channels to what its tiles and
// tensor cores need: Pix2Vox's merger, the first and last layer of its refiner and the last two of
// its decoder. Any batch and extents, but fixed channels and cubic kernels:
//
//   kernel 3, stride 1, any padding   9-16, 16-8, 8-4, 4-2 and 2-1 channels (in-out)
//   kernel 4, stride 1, any padding   1-32
//   kernel 4, stride 2, padding 1     1-32, 8-32 (transposed layers: 32-1, 32-8)
//   kernel 1                          1-8, 8-1 (transposed layers likewise)
//
// Factors f32 or bf16; products and sums f32 in ordinary fused multiply-adds, so that f32 is f32
// and TF32 better than asked for. Sums over all samples are made by a fixed number of blocks, in
// f32, and these are added in f64; their order depends on the geometry alone.
//
// How they work. gather (stride 1 and 2; backward_data at stride 1, which is a forward pass with
// a flipped kernel): a block makes 128 pixels of a plane, several planes deep. Their sources, with
// margins, are staged in shared memory as f32, a chunk of channels at a time. A thread keeps all
// channels of its pixels, one above the other, in registers: a value it reads serves several of
// them, and weights are the same for a warp. scatter (backward_data at stride 2): a
// pixel of the source has 2x2x2 results, each of 2x2x2 taps; a warp makes one of the four parities
// of height and width. weight_gradient: a thread keeps a row of taps times the output channels
// for one input channel, and walks along the width; the blocks share the rows of all samples among
// them.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cuda::small_channels {

/// Whether there is a kernel.
bool supports(const ConvProblem& problem);

/// For what supports() is true of. Has the epilogue.
void convolve(const ConvProblem& problem, const ConvOperands& operands);

// Of convolve(), in weight_gradient.cu.
bool supports_weight_gradient(const ConvGeometry& g);
void weight_gradient(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw);

}  // namespace voxgrad::cuda::small_channels
