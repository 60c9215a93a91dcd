// The CPU's caching allocator. Small requests are rounded up to size classes, and released blocks
// wait in their class's list. Large ones are placed in an arena.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "cpu/kernels.h"
#include "cpu/memory/arena.h"
#include "tensor/error.h"
#include "tensor/ops/size_class.h"

namespace voxgrad::cpu {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kLargestRequest = std::numeric_limits<std::size_t>::max() / 4;

#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kLarge = kLargestRequest + 1;  // none: writes past a block's end must show
#else
constexpr std::size_t kLarge = std::size_t{256} << 10;
#endif

std::size_t block_size(std::size_t bytes) {
  if (bytes >= kLarge) return (bytes + Arena::kPage - 1) / Arena::kPage * Arena::kPage;
  return size_class(bytes, kAlignment);
}

class CachingAllocator {
 public:
  void* allocate(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (fail_in_ > 0 && --fail_in_ == 0) fail_for(bytes, "(as a test asked)");
    if (bytes > kLargestRequest) fail_for(bytes, "(no machine has that much)");
    const std::size_t size = block_size(bytes);
    void* block = take(size, bytes);
    statistics_.in_use += size;
    statistics_.peak_in_use = std::max(statistics_.peak_in_use, statistics_.in_use);
    return block;
  }

  void release(void* block, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const std::size_t size = block_size(bytes);
    statistics_.in_use -= size;
    if (arena_.holds(block))
      arena_.release(block, size);
    else
      cache_[size].push_back(block);
  }

  MemoryStatistics statistics() {
    const std::lock_guard lock(mutex_);
    return statistics_;
  }

  void reset_peak() {
    const std::lock_guard lock(mutex_);
    statistics_.peak_in_use = statistics_.in_use;
  }

  void trim() {
    const std::lock_guard lock(mutex_);
    free_cache();
  }

  void fail_allocation(std::int64_t k) {
    const std::lock_guard lock(mutex_);
    fail_in_ = k;
  }

 private:
  void* take(std::size_t size, std::size_t requested) {
    if (size >= kLarge) {
      const Arena::Block placed = arena_.allocate(size);
      statistics_.reserved += placed.new_bytes;
      if (placed.new_bytes > 0) ++statistics_.system_allocations;
      if (placed.start) return placed.start;
    }
    std::vector<void*>& waiting = cache_[size];
    if (!waiting.empty()) {
      void* block = waiting.back();
      waiting.pop_back();
      return block;
    }
    void* block = std::aligned_alloc(kAlignment, size);
    if (block == nullptr) {
      free_cache();
      block = std::aligned_alloc(kAlignment, size);
    }
    if (block == nullptr) fail_for(requested, "");
    statistics_.reserved += size;
    ++statistics_.system_allocations;
    return block;
  }

  void free_cache() {
    statistics_.reserved -= arena_.trim();
    for (auto& [size, blocks] : cache_) {
      for (void* block : blocks) std::free(block);
      statistics_.reserved -= size * blocks.size();
      blocks.clear();
    }
  }

  [[noreturn]] void fail_for(std::size_t bytes, const char* reason) const {
    fail<DeviceError>("[memory] cannot allocate ", bytes, " bytes on the CPU (", reason,
                      reason[0] ? "; " : "", "in use ", statistics_.in_use, ", reserved ",
                      statistics_.reserved, "). Use a smaller batch or fewer views");
  }

  std::mutex mutex_;
  Arena arena_;
  std::unordered_map<std::size_t, std::vector<void*>> cache_;
  MemoryStatistics statistics_;
  std::int64_t fail_in_ = 0;
};

// Never destroyed: tensors with static lifetime may be released after everything else.
CachingAllocator& allocator() {
  static CachingAllocator* const instance = new CachingAllocator;
  return *instance;
}

void copy(void* to, Device, const void* from, Device, std::size_t bytes) {
  if (bytes > 0) std::memmove(to, from, bytes);
}

}  // namespace

const MemoryOps& memory_ops() {
  static const MemoryOps ops{
      [](std::size_t bytes, int) { return allocator().allocate(bytes); },
      [](void* block, std::size_t bytes, int) { allocator().release(block, bytes); },
      copy,
      [](int) {},
      [](int) { return allocator().statistics(); },
      [](int) { allocator().reset_peak(); },
      [](int) { allocator().trim(); },
      [](std::int64_t k, int) { allocator().fail_allocation(k); },
  };
  return ops;
}

}  // namespace voxgrad::cpu
