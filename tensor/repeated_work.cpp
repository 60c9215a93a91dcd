#include "tensor/repeated_work.h"

#include <algorithm>

namespace voxgrad {

bool RepeatedWork::is_known(const std::vector<Tensor>& inputs, std::int64_t variant) const {
  return variant == variant_ &&
         std::ranges::equal(inputs, inputs_, [](const Tensor& a, const Tensor& b) {
           return a.raw() == b.raw() && a.shape() == b.shape() && a.dtype() == b.dtype();
         });
}

void RepeatedWork::operator()(const std::vector<Tensor>& inputs, std::int64_t variant,
                              const std::function<void()>& work) {
  const bool known = is_known(inputs, variant) && Recording::supported(device_);
  if (known) {
    if (!recording_.defined()) recording_ = Recording(device_, work);
    return recording_.replay();
  }
  recording_ = Recording();
  inputs_.clear();
  work();
  if (!Recording::supported(device_)) return;
  inputs_ = inputs;
  variant_ = variant;
}

}  // namespace voxgrad
