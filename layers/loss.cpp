#include "layers/loss.h"

#include <algorithm>

#include "autograd/functions.h"
#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

// PyTorch's rule too. Without it the loss has a value, and a gradient, that mean nothing.
void check_unit_interval(const char* op, const char* what, const Tensor& values) {
  if (values.device().is_cuda() && !finite_check_enabled()) return;
  if (values.dtype() == DType::bf16) return;  // the kernel refuses it
  const Tensor host = values.to(Device::cpu());
  dispatch_float(op, host.dtype(), [&]<class T>() {
    const T* const x = host.data<T>();
    const std::int64_t count = host.numel();
    bool outside = false;
    for (std::int64_t i = 0; i < count; ++i) outside |= (x[i] < 0) | (x[i] > 1);
    if (!outside) return;
    const T* const first = std::find_if(x, x + count, [](T v) { return v < 0 || v > 1; });
    fail("[", op, "] ", what, " number ", first - x, " is ", double(*first),
         ", expected a number from 0 to 1: shape ", values.shape(),
         " (a network's last layer needs a sigmoid)");
  });
}

void check_operands(const char* op, const Variable& probability, const Tensor& target) {
  check_shape(op, "target", target, probability.shape());
  check_same_kind(op, probability.value(), target);
  check_unit_interval(op, "probability", probability.value());
  check_unit_interval(op, "target", target);
}

}  // namespace

Variable binary_cross_entropy(const Variable& probability, const Tensor& target) {
  check_operands("binary_cross_entropy", probability, target);
  Tensor loss({1}, probability.dtype(), probability.device());
  backend(loss.device()).loss.binary_cross_entropy(probability.value(), target, loss);
  return make_result(
      loss, "binary_cross_entropy", {probability}, [probability, target](const Tensor& dloss) {
        Tensor gradient = Tensor::like(target);
        backend(dloss.device())
            .loss.binary_cross_entropy_backward(probability.value(), target, dloss, gradient);
        return std::vector{gradient};
      });
}

Variable focal_loss(const Variable& probability, const Tensor& target, double gamma) {
  check_operands("focal_loss", probability, target);
  check(gamma >= 1 && gamma <= 10, "[focal_loss] gamma ", gamma, " is not in 1..10");
  Tensor loss({1}, probability.dtype(), probability.device());
  backend(loss.device()).loss.focal(probability.value(), target, gamma, loss);
  return make_result(
      loss, "focal_loss", {probability}, [probability, target, gamma](const Tensor& dloss) {
        Tensor gradient = Tensor::like(target);
        backend(dloss.device())
            .loss.focal_backward(probability.value(), target, gamma, dloss, gradient);
        return std::vector{gradient};
      });
}

Variable dice_loss(const Variable& probability, const Tensor& target, double smoothing) {
  check_operands("dice_loss", probability, target);
  check(smoothing > 0, "[dice_loss] smoothing ", smoothing, " is not positive");
  check(target.numel() > 0, "[dice_loss] needs elements: shape ", target.shape());
  Tensor loss({1}, probability.dtype(), probability.device());
  const Tensor sums({target.shape()[0], 2}, DType::f64, loss.device());
  backend(loss.device()).loss.dice(probability.value(), target, smoothing, sums, loss);
  return make_result(
      loss, "dice_loss", {probability}, [target, smoothing, sums](const Tensor& dloss) {
        Tensor gradient = Tensor::like(target);
        backend(dloss.device()).loss.dice_backward(target, smoothing, sums, dloss, gradient);
        return std::vector{gradient};
      });
}

Variable mse_loss(const Variable& y, const Tensor& target) {
  check_shape("mse_loss", "target", target, y.shape());
  check_same_kind("mse_loss", y.value(), target);
  check(target.numel() > 0, "[mse_loss] needs elements: shape ", target.shape());
  const Variable error = subtract(y, Variable(target));
  return mean(multiply(error, error));
}

}  // namespace voxgrad
