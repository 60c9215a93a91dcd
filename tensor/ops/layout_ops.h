// Kernels that move elements without changing them.
#pragma once

#include <array>

#include "tensor/tensor.h"

namespace voxgrad {

/// y's dimension i is x's dimension order[i]; entries past the rank are ignored.
using Permutation = std::array<int, Shape::max_rank>;

struct LayoutOps {
  void (*permute)(const Tensor& x, const Permutation& order, const Tensor& out_y);
  /// y [rows, Ca+Cb]: the channels of a, then those of b.
  void (*concat_channels)(const Tensor& a, const Tensor& b, const Tensor& out_y);
  /// y [rows, C]: channels [begin, begin+C) of x.
  void (*slice_channels)(const Tensor& x, std::int64_t begin, const Tensor& out_y);
};

}  // namespace voxgrad
