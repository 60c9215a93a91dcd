// 3x3 convolution in 2-D by Winograd's algorithm, f32 (Lavin and Gray, 2016). An output tile of 4x4
// needs 36 products per pair of channels where direct convolution needs 144:
//
//   V[p] = B^T d B   of the 6x6 input tile d       p = 1..36
//   M[p] = sum over input channels of V[p] U[p]     36 matrix products, tiles by channels
//   y    = A^T M A,  U = G g G^T of the 3x3 kernel  made once per set of weights
//
// The gradient of the input is the same convolution of dy with flipped kernels. The gradient of the
// weights is the transposed algorithm:
//
//   dU[p] = sum over tiles of (A dy A^T)[p] V[p],  dg = G^T dU G
//
// Maps are channels last as everywhere, and nothing is reordered: tiles are transformed in place, a
// vector of channels at a time. Bias and activation come with the last transform. Rounding errors
// are about ten times those of direct convolution: below 1e-6 of the largest result at their root
// mean square, at most about 1e-5. The same bits for any number of threads.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu::winograd {

/// 3x3 kernels without strides, and channels that fill vectors.
bool supports(const ConvProblem& problem);

/// True where this is the fastest: wide layers. packed: the transformed weights are kept.
bool preferred(const ConvProblem& problem, bool packed);

/// Any direction, epilogue included. Transformed weights are kept in operands.packed.
void convolve(const ConvProblem& problem, const ConvOperands& operands);

}  // namespace voxgrad::cpu::winograd
