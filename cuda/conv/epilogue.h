// Bias and activation in a pass of their own, where no library kernel has them built in.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cuda {

/// y = act(y + bias), in place: y f64, f32 or bf16; the bias f32 with bf16, else of y's type.
void apply_epilogue(const Epilogue& epilogue, const Tensor& y);

}  // namespace voxgrad::cuda
