// Errors of CUDA. Every call of the CUDA libraries goes through check_cuda, and every function of
// the backend's tables opens with an OpScope, so that a failure names the operation and its
// tensors:
//   [batch_norm] launch failed: invalid configuration argument: f32[64,28,28,512], f32[1,512]
// Kernels run after the call that started them; a fault inside one shows at a later call, which
// says so.
#pragma once

#include <cuda_runtime.h>

#include "tensor/tensor.h"

namespace voxgrad::cuda {

/// What runs now on this thread, for messages. Its tensors' device becomes the current one.
class OpScope {
 public:
  template <class... Tensors>
  explicit OpScope(const char* name, const Tensors&... tensors)
      : name_(name), tensors_{&tensors...}, count_(int(sizeof...(tensors))), outer_(current_) {
    static_assert(sizeof...(tensors) <= max_tensors);
    enter();
  }
  ~OpScope() { current_ = outer_; }
  OpScope(const OpScope&) = delete;
  OpScope& operator=(const OpScope&) = delete;

  /// "[name] what: shapes", of the innermost operation.
  static std::string message(const std::string& what);

 private:
  static constexpr int max_tensors = 10;
  void enter();

  const char* name_;
  const Tensor* tensors_[max_tensors];
  int count_;
  const OpScope* outer_;
  static thread_local const OpScope* current_;
};

/// DeviceError that names the running operation and the call.
[[noreturn]] void fail_cuda(cudaError_t status, const char* call);

inline void check_cuda(cudaError_t status, const char* call) {
  if (status != cudaSuccess) [[unlikely]]
    fail_cuda(status, call);
}

}  // namespace voxgrad::cuda
