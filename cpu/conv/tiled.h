// Convolution in tiles whose sums stay in registers, f32 and f64: for every geometry.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu::tiled {

void convolve(const ConvProblem& problem, const ConvOperands& operands);

}  // namespace voxgrad::cpu::tiled
