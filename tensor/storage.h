// A block of memory on one device, shared by the tensors that look into it. Blocks come from the
// device's caching allocator (ops/memory.h) and go back to it when the last tensor lets go, so that
// a training step after the first takes nothing from the system.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "tensor/device.h"

namespace voxgrad {

/// True while this thread's work is recorded (stream.h).
bool recording_in_this_thread();

class Storage {
 public:
  Storage(std::size_t bytes, Device device);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  /// Whoever has the address may write there, now or in every replay of a recording.
  void* data() const {
    if (rounding_.current.load(std::memory_order_relaxed))
      rounding_.current.store(false, std::memory_order_relaxed);
    if (!rounding_.recorded.load(std::memory_order_relaxed) && recording_in_this_thread())
      rounding_.recorded.store(true, std::memory_order_relaxed);
    return data_;
  }
  std::size_t bytes() const { return bytes_; }
  Device device() const { return device_; }

  /// The elements, which are f32, in bf16 (Tensor::rounded).
  struct Rounding {
    std::shared_ptr<Storage> values;
    std::atomic<bool> current = false;   // nobody had the address since
    std::atomic<bool> recorded = false;  // a recording has it: replays may write
  };
  Rounding& rounding() const { return rounding_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_;
  Device device_;
  mutable Rounding rounding_;
};

}  // namespace voxgrad
