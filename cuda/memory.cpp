// The caching allocator, one a device. As on the CPU, requests are rounded up to size classes and
// released blocks wait in their class's list. All work of a device runs on one stream, so a block
// may be handed out again while kernels that use it are still queued: the next user's kernels come
// after them.
#include "cuda/memory.h"

#include <limits>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "cuda/check.h"
#include "cuda/kernels.h"
#include "cuda/runtime.h"
#include "tensor/ops/size_class.h"

namespace voxgrad::cuda {

namespace {
using Cache = std::unordered_map<std::size_t, std::vector<void*>>;
}

struct GraphPool::Blocks {
  Cache cache;
  bool retired = false;  // the pool is gone: blocks go to the common cache
};

namespace {

constexpr std::size_t kAlignment = 256;
constexpr std::size_t kLargestRequest = std::numeric_limits<std::size_t>::max() / 4;

// While a stream is being captured, CUDA forbids calls that might wait for it; taking memory does
// not.
class AllowDuringCapture {
 public:
  AllowDuringCapture() { cudaThreadExchangeStreamCaptureMode(&mode_); }
  ~AllowDuringCapture() { cudaThreadExchangeStreamCaptureMode(&mode_); }
  AllowDuringCapture(const AllowDuringCapture&) = delete;
  AllowDuringCapture& operator=(const AllowDuringCapture&) = delete;

 private:
  cudaStreamCaptureMode mode_ = cudaStreamCaptureModeRelaxed;
};

thread_local std::shared_ptr<GraphPool::Blocks> capturing;

class CachingAllocator {
 public:
  void* allocate(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (fail_in_ > 0 && --fail_in_ == 0) fail_for(bytes, "as a test asked");
    if (bytes > kLargestRequest) fail_for(bytes, "no device has that much");
    const std::size_t size = size_class(bytes, kAlignment);
    void* block = take(size, bytes);
    if (capturing) owners_[block] = capturing;
    statistics_.in_use += size;
    statistics_.peak_in_use = std::max(statistics_.peak_in_use, statistics_.in_use);
    return block;
  }

  void release(void* block, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const std::size_t size = size_class(bytes, kAlignment);
    statistics_.in_use -= size;
    Cache* cache = &cache_;
    if (const auto owner = owners_.find(block); owner != owners_.end()) {
      if (owner->second->retired)
        owners_.erase(owner);
      else
        cache = &owner->second->cache;
    }
    (*cache)[size].push_back(block);
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

  void retire(GraphPool::Blocks& blocks) {
    const std::lock_guard lock(mutex_);
    blocks.retired = true;
    for (auto& [size, waiting] : blocks.cache) {
      for (void* block : waiting) {
        owners_.erase(block);
        cache_[size].push_back(block);
      }
      waiting.clear();
    }
  }

 private:
  static void* take_cached(Cache& cache, std::size_t size) {
    const auto found = cache.find(size);
    if (found == cache.end() || found->second.empty()) return nullptr;
    void* block = found->second.back();
    found->second.pop_back();
    return block;
  }

  static void* take_from_system(std::size_t size) {
    void* block = nullptr;
    const AllowDuringCapture allow;
    const cudaError_t status = cudaMalloc(&block, size);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      return nullptr;
    }
    check_cuda(status, "cudaMalloc");
    return block;
  }

  void* take(std::size_t size, std::size_t requested) {
    if (capturing)
      if (void* block = take_cached(capturing->cache, size)) return block;
    if (void* block = take_cached(cache_, size)) return block;
    void* block = take_from_system(size);
    if (block == nullptr && !capturing) {  // giving memory back would break a capture
      free_cache();
      block = take_from_system(size);
    }
    if (block == nullptr) fail_for(requested, "");
    statistics_.reserved += size;
    ++statistics_.system_allocations;
    return block;
  }

  void free_cache() {
    for (auto& [size, blocks] : cache_) {
      for (void* block : blocks) check_cuda(cudaFree(block), "cudaFree");  // waits for the device
      statistics_.reserved -= size * blocks.size();
      blocks.clear();
    }
  }

  [[noreturn]] void fail_for(std::size_t bytes, const char* reason) const {
    std::size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    fail<DeviceError>("[memory] cannot allocate ", bytes, " bytes on cuda:", current_device(), ' ',
                      reason[0] ? concat('(', reason, "); ") : "", "in use ", statistics_.in_use,
                      ", reserved ", statistics_.reserved, ", the device has ", total, " and ",
                      free, " free. Use a smaller batch or fewer views");
  }

  std::mutex mutex_;
  Cache cache_;
  std::unordered_map<void*, std::shared_ptr<GraphPool::Blocks>> owners_;  // of graphs' blocks
  MemoryStatistics statistics_;
  std::int64_t fail_in_ = 0;
};

// Never destroyed: tensors with static lifetime may be released after everything else.
CachingAllocator& allocator(int index) {
  static auto* const instances = new std::vector<CachingAllocator>(std::size_t(device_count()));
  use_device(index);
  return (*instances)[std::size_t(index)];
}

// Host memory is ordinary (pageable). Of copies between it and a device, CUDA's manual ("API
// synchronization behavior") says only that they might be synchronous, so copy() waits: then what
// is read from the host may change, and what is written to it is there. A recording cannot wait,
// and would read the host's memory again at each replay.
void copy(void* to, Device to_device, const void* from, Device from_device, std::size_t bytes) {
  if (bytes == 0) return;
  const Op op("copy");
  if (to_device.is_cuda() && from_device.is_cuda() && to_device != from_device) {
    use_device(to_device.index);
    check_cuda(cudaStreamSynchronize(current_stream()), "cudaStreamSynchronize");
    use_device(from_device.index);
    check_cuda(
        cudaMemcpyPeerAsync(to, to_device.index, from, from_device.index, bytes, current_stream()),
        "cudaMemcpyPeer");
    check_cuda(cudaStreamSynchronize(current_stream()), "cudaStreamSynchronize");
    return;
  }
  const bool with_host = !to_device.is_cuda() || !from_device.is_cuda();
  check<DeviceError>(!with_host || !capturing,
                     "[copy] a recording cannot copy from or to ordinary host memory");
  use_device(to_device.is_cuda() ? to_device.index : from_device.index);
  check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, current_stream()), "cudaMemcpy");
  if (with_host) check_cuda(cudaStreamSynchronize(current_stream()), "cudaStreamSynchronize");
}

void synchronize(int index) {
  const Op op("synchronize");
  use_device(index);
  check_cuda(cudaStreamSynchronize(current_stream()), "cudaStreamSynchronize");
}

}  // namespace

GraphPool::GraphPool(int device_index)
    : index_(device_index), blocks_(std::make_shared<Blocks>()) {}

GraphPool::~GraphPool() {
  allocator(index_).retire(*blocks_);
}

void GraphPool::begin() {
  check(!capturing, "[memory] this thread fills a graph's pool already");
  capturing = blocks_;
}

void GraphPool::end() {
  capturing = nullptr;
}

const MemoryOps memory_ops{
    [](std::size_t bytes, int index) { return allocator(index).allocate(bytes); },
    [](void* block, std::size_t bytes, int index) { allocator(index).release(block, bytes); },
    copy,
    synchronize,
    [](int index) { return allocator(index).statistics(); },
    [](int index) { allocator(index).reset_peak(); },
    [](int index) { allocator(index).trim(); },
    [](std::int64_t k, int index) { allocator(index).fail_allocation(k); },
};

}  // namespace voxgrad::cuda
