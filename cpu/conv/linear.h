// Linear layers in f32 as matrix products, for batches that keep the arithmetic busy; smaller ones
// are weight_bound's.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu::linear {

inline bool supports(const ConvGeometry& geometry) {
  return geometry.spatial_rank == 0;
}

// The epilogue is left to the caller.
void forward(const ConvGeometry& geometry, const Tensor& x, const Tensor& w, const Tensor& y);
void backward_data(const ConvGeometry& geometry, const Tensor& dy, const Tensor& w,
                   const Tensor& dx);
void backward_weight(const ConvGeometry& geometry, const Tensor& x, const Tensor& dy,
                     const Tensor& dw);

}  // namespace voxgrad::cpu::linear
