// Linear layers on cuBLAS: geometries of spatial rank 0.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cuda::linear {

/// Any direction and dtypes. Has the epilogue. False where there is no cuBLAS.
bool convolve(const ConvProblem& problem, const ConvOperands& operands);

}  // namespace voxgrad::cuda::linear
