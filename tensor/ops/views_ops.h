// Fusing the views of an object: the first dimension counts views, [V, ...].
#pragma once

#include "tensor/tensor.h"

namespace voxgrad {

struct ViewOps {
  /// y[v,i] = exp(x[v,i]) / sum over v of exp(x[v,i]).
  void (*softmax)(const Tensor& x, const Tensor& y);
  void (*softmax_backward)(const Tensor& y, const Tensor& dy, const Tensor& dx);
  /// y[i] = sum over v of w[v,i] * x[v,i].
  void (*weighted_sum)(const Tensor& w, const Tensor& x, const Tensor& y);
  /// dw[v,i] = dy[i]*x[v,i], dx[v,i] = dy[i]*w[v,i]; either may be undefined.
  void (*weighted_sum_backward)(const Tensor& w, const Tensor& x, const Tensor& dy,
                                const Tensor& dw, const Tensor& dx);
};

}  // namespace voxgrad
