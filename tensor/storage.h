// A block of memory on one device, shared by the tensors that look into it. Blocks come from the
// device's caching allocator (ops/memory_ops.h) and go back to it when the last tensor lets go, so
// that a training step after the first takes nothing from the system.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tensor/device.h"

namespace voxgrad {

class Storage {
 public:
  Storage(std::size_t bytes, Device device);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  Device device() const { return device_; }

  /// See Tensor::version().
  std::uint64_t version() const { return version_.load(std::memory_order_relaxed); }
  void mark_written() { version_.store(version() + 1, std::memory_order_relaxed); }

 private:
  void* data_ = nullptr;
  std::size_t bytes_;
  Device device_;
  std::atomic<std::uint64_t> version_ = 0;
};

}  // namespace voxgrad
