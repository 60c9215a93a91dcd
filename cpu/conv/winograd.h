// 3x3 convolution in 2-D by Winograd's algorithm, f32 (Lavin and Gray, 2016). An output tile of 4x4
// needs 36 products a pair of channels where the definition needs 144:
//
//   V[p] = B^T d B   of the 6x6 input tile d       p = 1..36
//   M[p] = sum over input channels of V[p] U[p]     36 matrix products, tiles by channels
//   y    = A^T M A,  U = G g G^T of the 3x3 kernel  prepared once a set of weights
//
// Maps are channels last as everywhere, and nothing is reordered: tiles are transformed from where
// they lie, 16 channels at a time. Bias and activation come with the last transform. Rounding
// errors are about ten times those of the definition, still far below 1e-5 of the largest result.
#pragma once

#include <memory>

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu::winograd {

/// True for what it can compute.
bool supports(const ConvGeometry& geometry);
/// True where it does, and is the fastest known way once the weights are transformed: wide 3x3
/// layers, on processors with 32 vector registers.
bool preferred(const ConvGeometry& geometry);
/// True where it is the fastest though the weights are transformed for a single run.
bool preferred_unprepared(const ConvGeometry& geometry);

/// sibling: as for ConvOps::prepare.
std::shared_ptr<const PreparedConv> prepare(const ConvGeometry& geometry, const Tensor& w,
                                            const Epilogue& epilogue,
                                            const PreparedConv* sibling = nullptr);

}  // namespace voxgrad::cpu::winograd
