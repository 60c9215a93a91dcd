// Convolutions of few channels on tensor cores, in bf16: those of small_channels.h that
// multiply-adds bind. Any batch and extents, stride 1, any padding:
//
//   kernel 3   9-16 and 16-8 channels (in-out), forward and backward_data: merger.layer1 and 2
//   kernel 4   1-32 channels, forward: refiner.layer1
//
// How they work. A block takes 64 pixels of a plane, 16 a warp, and marches along the depth. A
// plane of the source, with margins, is kept in shared memory (double-buffered: the next is read
// while this one is worked on). Of a warp's 16 pixels, the sources under the taps of a plane are
// rows of a matrix; it is multiplied with the weights of all K planes of taps, which stay in
// registers, and so adds to K planes of the result at a time, of which one is done then.
//
// Shared memory holds units of 8 channels of a pixel. The remaining channel (of 9, of 1) has a
// plane of its own: its taps are one step of 16 along k, which each lane gathers value by value.
// The ninth channel of a result takes a column per plane of taps in a product of its own, instead
// of one product per plane of taps.
#pragma once

#include "cuda/conv/small_channels/small_channels.h"

namespace voxgrad::cuda::plane_sweep {

/// Whether there is a kernel; none for backward_weight.
bool supports(const ConvProblem& problem);

/// For what supports() is true of. Has the epilogue.
void convolve(const ConvProblem& problem, const ConvOperands& operands);

}  // namespace voxgrad::cuda::plane_sweep
