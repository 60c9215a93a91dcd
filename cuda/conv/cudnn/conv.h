// Convolutions by libraries: cuDNN's plans, and cuBLAS for linear layers. The functions are those
// of ConvOps, and return false where no library can.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cuda {

bool library_forward(const ConvGeometry& g, const Tensor& x, const Tensor& w,
                     const Epilogue& epilogue, const Tensor& y);
bool library_backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                           const Epilogue& epilogue, const Tensor& dx);
bool library_backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy,
                             const Tensor& dw);

}  // namespace voxgrad::cuda
