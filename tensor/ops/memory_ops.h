// Device memory. Each backend keeps one caching allocator per device: released blocks wait for the
// next request of their size class. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/device.h"

namespace voxgrad {

struct MemoryStatistics {
  std::size_t in_use = 0;       // bytes handed out now
  std::size_t peak_in_use = 0;  // the most at one time since reset_peak
  std::size_t reserved = 0;     // bytes taken from the system, cached ones included
  std::uint64_t system_allocations = 0;
};

struct MemoryOps {
  /// At least `bytes` bytes, aligned to 64 (CPU) or 256 (CUDA). DeviceError with sizes when there
  /// is no more.
  void* (*allocate)(std::size_t bytes, int index);
  void (*release)(void* block, std::size_t bytes, int index);
  void (*copy)(void* to, Device to_device, const void* from, Device from_device, std::size_t bytes);
  /// Waits until all work on the device is done.
  void (*synchronize)(int index);
  MemoryStatistics (*statistics)(int index);
  void (*reset_peak)(int index);
  /// Gives cached blocks back to the system.
  void (*trim)(int index);
  /// For tests: the k-th allocation from now (1 = the next) fails; 0 switches this off.
  void (*fail_allocation)(std::int64_t k, int index);
};

}  // namespace voxgrad
