// Convolutions by cuDNN's plans, where they keep our promises.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cuda::cudnn {

/// Whether cuDNN has a plan. Linear layers are not asked for: cuBLAS has them.
bool supports(const ConvProblem& problem);

/// Computes it, epilogue included. False where all plans fail, and for operands that are not
/// aligned as cuDNN expects them.
bool convolve(const ConvProblem& problem, const ConvOperands& operands);

}  // namespace voxgrad::cuda::cudnn
