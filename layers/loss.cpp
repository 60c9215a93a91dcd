#include "layers/loss.h"

#include <algorithm>

#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

// PyTorch's rule too. Without it the loss has a value, and a gradient, that mean nothing.
void check_unit_interval(const char* what, const Tensor& values) {
  if (values.device().is_cuda() && !finite_check_enabled()) return;
  if (values.dtype() == DType::bf16) return;  // the kernel refuses it
  const Tensor host = values.to(Device::cpu());
  dispatch_float("binary_cross_entropy", host.dtype(), [&]<class T>() {
    const T* const x = host.data<T>();
    const std::int64_t count = host.numel();
    bool outside = false;
    for (std::int64_t i = 0; i < count; ++i) outside |= (x[i] < 0) | (x[i] > 1);
    if (!outside) return;
    const T* const first = std::find_if(x, x + count, [](T v) { return v < 0 || v > 1; });
    fail("[binary_cross_entropy] ", what, " number ", first - x, " is ", double(*first),
         ", expected a number from 0 to 1: shape ", values.shape(),
         " (a network's last layer needs a sigmoid)");
  });
}

}  // namespace

Variable binary_cross_entropy(const Variable& probability, const Tensor& target) {
  check_shape("binary_cross_entropy", "target", target, probability.shape());
  check_same_kind("binary_cross_entropy", probability.value(), target);
  check_unit_interval("probability", probability.value());
  check_unit_interval("target", target);
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

}  // namespace voxgrad
