// Work that is done again and again, recorded where the device can do that (tensor/stream.h).
#pragma once

#include <functional>
#include <vector>

#include "tensor/stream.h"

namespace voxgrad {

/// The first call of a kind does its work as it comes, which builds plans and warms up caches: that
/// cannot be recorded. The second records it, and all from then on replay it. A call that throws
/// does not count: the next one of its kind takes its place.
class GraphedWork {
 public:
  explicit GraphedWork(Device device) : device_(device) {}

  /// Does `work`, or repeats it. Calls are of one kind if `variant` is the same and `inputs` (at
  /// least one) lie in the same memory with the same shapes and dtypes; their values may change.
  /// One kind at a time is remembered. Whatever else the work reads must outlive this and stay
  /// where it is; what it makes is overwritten when it is repeated.
  void operator()(const std::vector<Tensor>& inputs, std::int64_t variant,
                  const std::function<void()>& work);

 private:
  bool is_known(const std::vector<Tensor>& inputs, std::int64_t variant) const;

  Device device_;
  std::vector<Tensor> inputs_;  // of the remembered kind: their memory goes to nobody else
  std::int64_t variant_ = 0;
  CapturedGraph recording_;
};

}  // namespace voxgrad
