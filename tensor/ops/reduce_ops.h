// Sums. Partial sums are combined in a fixed order, so results do not change from run to run.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace voxgrad {

struct ReduceOps {
  /// y[0] = sum of all elements of x.
  void (*sum)(const Tensor& x, const Tensor& out_y);
  /// Every element of y = x[0]: the gradient of a sum.
  void (*broadcast)(const Tensor& x, const Tensor& out_y);
  /// y[c] = sum over the rows of x, read as [rows, C]: the gradient of a bias. y is f32 if x is
  /// bf16.
  void (*column_sums)(const Tensor& x, const Tensor& out_y);
  /// False if x, a float of any width, holds a NaN or an infinity. Synchronises with the device.
  bool (*all_finite)(const Tensor& x);
  /// The same without waiting: flag[0] (f32) becomes 1 if one of the tensors, of any float type,
  /// holds a NaN or an infinity, else it stays.
  void (*flag_non_finite)(std::span<const Tensor> tensors, const Tensor& out_flag);
};

}  // namespace voxgrad
