// A block of memory on one device, shared by the tensors that look into it. Blocks come from the
// device's caching allocator (ops/memory.h) and go back to it when the last tensor lets go, so that
// a training step after the first takes nothing from the system.
#pragma once

#include <cstddef>
#include <memory>

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

 private:
  void* data_ = nullptr;
  std::size_t bytes_;
  Device device_;
};

}  // namespace voxgrad
