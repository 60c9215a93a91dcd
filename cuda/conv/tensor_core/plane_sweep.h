// Convolutions of few channels on tensor cores, in bf16: the FMA-bound ones of small_channels.h.
// Any batch and extents, stride 1, any padding:
//
//   kernel 3   9-16 and 16-8 channels (in-out), forward and backward_data: merger.layer1 and 2
//   kernel 4   1-32 channels, forward: refiner.layer1
//
// How they work. A block makes 64 pixels of each plane of the result, 16 per warp, and sweeps along
// the depth. It reads each plane of the source once, with margins, into shared memory
// (double-buffered: the next is read while this one is worked on), multiplies it with all planes of
// taps (kd = 0, 1, 2 for kernel 3), and adds to all planes of the result that see it, whose sums
// stay in registers. For kernel 3 and padding 1:
//
//   source plane    adds to result plane    0       1       2       3       then done
//        0                                kd = 1  kd = 0
//        1                                kd = 2  kd = 1  kd = 0              0
//        2                                        kd = 2  kd = 1  kd = 0      1
//        3                                                kd = 2  kd = 1      2, and 3 at the end
//
// One step is a product of matrices (mma.cuh): the sources of a warp's 16 pixels under two taps of
// 8 channels (or one of 16), times the weights of these taps for 8 channels of the result. The
// first step of a row of pixels 0, 1, 2, ...:
//
//              tap (0,0)        tap (0,1)             result channels
//             c0 c1 .. c7      c0 c1 .. c7               0 .. 7
//   pixel 0 [  column 0     |   column 1    ]     [ weights of tap (0,0) ]
//   pixel 1 [  column 1     |   column 2    ]  x  [ weights of tap (0,1) ]
//   pixel 2 [  column 2     |   column 3    ]
//
// Neighbours share sources, so shared memory holds each pixel's groups of 8 channels only once, and
// a row of the matrix is an address. The remaining channel (of 9, of 1) has a plane of its own: its
// taps are one step of 16 along k, which each lane gathers value by value. The ninth channel of a
// result takes a column per plane of taps in a product of its own, instead of one product per plane
// of taps.
#pragma once

#include "cuda/conv/small_channels/small_channels.h"

namespace voxgrad::cuda::plane_sweep {

/// Whether there is a kernel; none for backward_weight.
bool supports(const ConvProblem& problem);

/// For what supports() is true of. Has the epilogue.
void convolve(const ConvProblem& problem, const ConvOperands& operands);

}  // namespace voxgrad::cuda::plane_sweep
