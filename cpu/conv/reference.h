// Convolution as it is defined, in plain loops: what the other algorithms are tested against, and
// what to read first.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu::reference {

/// Any direction, geometry and dtypes. Sums are f64. The epilogue is left to the caller.
void convolve(const ConvProblem& problem, const ConvOperands& operands);

}  // namespace voxgrad::cpu::reference
