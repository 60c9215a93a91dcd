// Linear layers on cuBLAS: the three kernels of tensor/ops/conv_ops.h for geometries of spatial
// rank 0.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cuda {

void linear_forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Tensor& y);
void linear_backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                          const Tensor& dx);
void linear_backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy,
                            const Tensor& dw);

}  // namespace voxgrad::cuda
