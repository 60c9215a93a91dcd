// Devices, streams and events. Every device has one stream on which all its kernels and copies run
// in the order they are asked for; so memory that is released may be handed out again at once.
// Uploads alone have a second stream (stream.cpp), which waits for the first before it writes to
// memory, and the first for it before that is used.
#pragma once

#include <cuda_runtime.h>

#include <string>
#include <utility>

namespace voxgrad::cuda {

/// Devices that can be used: those before the first that is too old. 0 without a driver.
int device_count();
/// Why device_count() is 0.
const std::string& why_no_device();

/// Makes a device current for this thread. DeviceError if it is not there.
void use_device(int index);
int current_device();

/// The current device's stream: all work of the backend.
cudaStream_t current_stream();
/// Its other one.
cudaStream_t upload_stream();

/// Owns a handle of a CUDA library: a stream, an event, a graph, a cuDNN or cuBLAS handle.
template <class Handle, auto destroy>
class Owned {
 public:
  Owned() = default;
  explicit Owned(Handle handle) : handle_(handle) {}
  ~Owned() { reset(); }
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, Handle{})) {}
  Owned& operator=(Owned&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, Handle{});
    }
    return *this;
  }

  Handle get() const { return handle_; }
  explicit operator bool() const { return handle_ != Handle{}; }
  void reset() {
    if (handle_ != Handle{}) destroy(std::exchange(handle_, Handle{}));
  }

 private:
  Handle handle_{};
};

using Event = Owned<cudaEvent_t, cudaEventDestroy>;

/// For ordering streams; `timing` for measuring too.
Event make_event(bool timing = false);

}  // namespace voxgrad::cuda
