// Work on a device that is recorded once and then repeated as one (CUDA graphs), so that the host
// need not ask for every kernel again.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tensor/tensor.h"

namespace voxgrad {

/// Work of fixed shapes on fixed memory. What it reads and was made before must outlive it; tensors
/// made by it belong to it and are overwritten by every replay. A replay does not count as a write
/// for Tensor::version(), except of what derived() was told of.
class CapturedGraph {
 public:
  /// False on the CPU, and where VOXGRAD_NO_GRAPHS is set in the environment.
  static bool supported(Device device);
  CapturedGraph() = default;
  /// Calls `work`, which is recorded and not done. It must not read from the device.
  CapturedGraph(Device device, const std::function<void()>& work);
  ~CapturedGraph();
  CapturedGraph(CapturedGraph&& other) noexcept;
  CapturedGraph& operator=(CapturedGraph&& other) noexcept;

  bool defined() const { return handle_ != nullptr; }
  void replay() const;

  /// True while this thread records.
  static bool recording();
  /// Of the recording that this thread makes: its work reads something that is derived from
  /// `source` outside of it, such as a weight in bf16. `refresh` (or none) is called before each
  /// replay to bring that up to date. If the recorded work writes `source` itself, each replay
  /// counts as a write.
  static void derived(const Tensor& source, std::function<void()> refresh);

 private:
  struct Derived {
    Tensor source;
    std::function<void()> refresh;
    std::uint64_t version;        // of the source when it was read
    bool source_written = false;  // afterwards, by the recorded work, or perhaps before
  };

  Device device_;
  std::vector<Derived> derived_;
  void* handle_ = nullptr;
};

/// Work that is done again and again, and recorded where the device can do that.
///
/// The first call of a kind does its work as it comes, which builds plans and warms up caches: that
/// cannot be recorded. The second records it, and all from then on replay it. A call that throws
/// does not count: the next one of its kind takes its place.
class GraphedWork {
 public:
  explicit GraphedWork(Device device) : device_(device) {}

  /// Does `work`, or repeats it. Calls are of one kind if `variant` is the same and `inputs` (at
  /// least one) are in the same memory with the same shapes and dtypes; their values may change.
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
