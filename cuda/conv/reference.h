// Convolution as it is defined, in plain kernels: what the other algorithms are tested against,
// what to read first, and what computes a problem that no other supports.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cuda::reference {

/// Any direction, geometry and dtypes, epilogue included. Sums are f64.
void convolve(const ConvProblem& problem, const ConvOperands& operands);

}  // namespace voxgrad::cuda::reference
