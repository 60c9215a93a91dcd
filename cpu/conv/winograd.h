// 3x3 convolution in 2-D by Winograd's algorithm, f32 (Lavin and Gray, 2016). An output tile of 4x4
// needs 36 products per pair of channels where direct convolution needs 144:
//
//   V[p] = B^T d B   of the 6x6 input tile d       p = 1..36
//   M[p] = sum over input channels of V[p] U[p]     36 matrix products, tiles by channels
//   y    = A^T M A,  U = G g G^T of the 3x3 kernel  made once per set of weights
//
// Maps are channels last as everywhere, and nothing is reordered: tiles are transformed in place,
// 16 channels at a time. Bias and activation come with the last transform. Rounding
// errors are about ten times those of direct convolution, still far below 1e-5 of the largest
// result.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu::winograd {

/// True for what it can compute.
bool supports(const ConvGeometry& geometry);
/// True where it does, and is the fastest known way once the weights are transformed: wide 3x3
/// layers, on processors with 32 vector registers.
bool preferred(const ConvGeometry& geometry);
/// True where it is the fastest though the weights are transformed for a single run.
bool preferred_unprepared(const ConvGeometry& geometry);

/// The forward direction, epilogue included. Transformed weights are kept in operands.packed.
void convolve(const ConvProblem& problem, const ConvOperands& operands);

}  // namespace voxgrad::cpu::winograd
