// Our own convolution kernels, by the definition: for f64, and for whatever cuDNN refuses. Every
// dtype that tensor/ops/conv_ops.h names, any geometry; sums in f32 runs of eight that are added in
// f64, always in the same order.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cuda {

extern const ConvOps conv_direct_ops;

}  // namespace voxgrad::cuda
