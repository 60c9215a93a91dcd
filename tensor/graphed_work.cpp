#include "tensor/graphed_work.h"

#include <algorithm>

namespace voxgrad {

bool GraphedWork::is_known(const std::vector<Tensor>& inputs, std::int64_t variant) const {
  return variant == variant_ &&
         std::ranges::equal(inputs, inputs_, [](const Tensor& a, const Tensor& b) {
           return a.raw() == b.raw() && a.shape() == b.shape() && a.dtype() == b.dtype();
         });
}

void GraphedWork::operator()(const std::vector<Tensor>& inputs, std::int64_t variant,
                             const std::function<void()>& work) {
  const bool known = is_known(inputs, variant) && CapturedGraph::supported(device_);
  if (known) {
    if (!recording_.defined()) recording_ = CapturedGraph(device_, work);
    return recording_.replay();
  }
  recording_ = CapturedGraph();
  inputs_.clear();
  work();
  if (!CapturedGraph::supported(device_)) return;
  inputs_ = inputs;
  variant_ = variant;
}

}  // namespace voxgrad
