#include "layers/loss.h"

#include "tensor/ops/backend.h"

namespace voxgrad {

Variable binary_cross_entropy(const Variable& probability, const Tensor& target) {
  check_shape("binary_cross_entropy", "target", target, probability.shape());
  check_same_kind("binary_cross_entropy", probability.value(), target);
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
