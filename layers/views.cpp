#include "layers/views.h"

#include "tensor/ops/backend.h"

namespace voxgrad {

Variable softmax_over_views(const Variable& x) {
  check(x.shape().rank() >= 2, "[softmax_over_views] input must be [views,...], got ", x.shape());
  Tensor y = Tensor::like(x.value());
  backend(x.device()).views.softmax(x.value(), y);
  return make_result(y, "softmax_over_views", {x}, [y](const Tensor& dy) {
    Tensor dx = Tensor::like(dy);
    backend(dy.device()).views.softmax_backward(y, dy, dx);
    return std::vector{dx};
  });
}

Variable weighted_sum_over_views(const Variable& weights, const Variable& x) {
  const char* op = "weighted_sum_over_views";
  check_same_kind(op, weights.value(), x.value());
  check_shape(op, "weights", weights.value(), x.shape());
  check(x.shape().rank() >= 2, "[", op, "] input must be [views,...], got ", x.shape());
  const Tensor y(Shape(x.shape().extents().subspan(1)), x.dtype(), x.device());
  backend(x.device()).views.weighted_sum(weights.value(), x.value(), y);
  return make_result(y, op, {weights, x}, [weights, x](const Tensor& dy) {
    std::vector<Tensor> gradients(2);
    if (weights.requires_grad()) gradients[0] = Tensor::like(weights.value());
    if (x.requires_grad()) gradients[1] = Tensor::like(x.value());
    backend(dy.device())
        .views.weighted_sum_backward(weights.value(), x.value(), dy, gradients[0], gradients[1]);
    return gradients;
  });
}

}  // namespace voxgrad
