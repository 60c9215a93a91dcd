// Fusing the views of an object: the first dimension counts views, [V, ...].
#pragma once

#include "tensor/tensor.h"

namespace voxgrad {

struct ViewOps {
  /// y[v,i] = exp(x[v,i]) / sum over v of exp(x[v,i]).
  void (*softmax)(const Tensor& x, const Tensor& out_y);
  void (*softmax_backward)(const Tensor& y, const Tensor& dy, const Tensor& out_dx);
  /// y[i] = sum over v of w[v,i] * x[v,i].
  void (*weighted_sum)(const Tensor& w, const Tensor& x, const Tensor& out_y);
  /// dw[v,i] = dy[i]*x[v,i], dx[v,i] = dy[i]*w[v,i]; either may be undefined.
  void (*weighted_sum_backward)(const Tensor& w, const Tensor& x, const Tensor& dy,
                                const Tensor& out_dw, const Tensor& out_dx);
};

}  // namespace voxgrad
