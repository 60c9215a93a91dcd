// Max pooling in 2-D and 3-D. Windows that do not fit are dropped; of a window over the padding
// only what is in the map counts. Ties go to the first element of the window in (depth, height,
// width) order; a NaN in the window wins. Maps are f64, f32 or bf16.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad {

struct PoolGeometry {
  std::int64_t batch = 0;
  std::int64_t channels = 0;
  Triple input{1, 1, 1};
  Triple output{1, 1, 1};
  Triple kernel{1, 1, 1};
  Triple stride{1, 1, 1};
  Triple padding{0, 0, 0};  // at both ends of each axis
  int spatial_rank = 3;

  /// Of x [N,H,W,C] or [N,D,H,W,C]; kernel volume at most 255, padding at most half the kernel.
  /// Errors begin with [op].
  static PoolGeometry make(const char* op, const Shape& x, const Triple& kernel,
                           const Triple& stride, const Triple& padding = {0, 0, 0});
  Shape input_shape() const;
  Shape output_shape() const;
};

struct PoolOps {
  /// y = window maxima; argmax (u8, y's shape, or undefined) = index of the winner in its window.
  void (*max_forward)(const PoolGeometry&, const Tensor& x, const Tensor& out_y,
                      const Tensor& out_argmax);
  /// dx: each dy goes to its winner, all else 0 (overlapping windows add up).
  void (*max_backward)(const PoolGeometry&, const Tensor& dy, const Tensor& argmax,
                       const Tensor& out_dx);
};

}  // namespace voxgrad
