// The caching allocator, one per device. As on the CPU, requests are rounded up to size classes and
// released blocks wait in their class's list. All work of a device runs on one stream, so a block
// may be handed out again while kernels that use it are still queued: the next user's kernels come
// after them.
//
// That hides faults from tools: what follows a tensor in memory is still its block, and what a new
// tensor reads unwritten is what the last one wrote. VOXGRAD_EXACT_MEMORY=1 takes every block from
// CUDA as it was asked for and gives it back when it is released.
#include "cuda/runtime/memory.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "cuda/kernels.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/runtime.h"
#include "tensor/environment.h"
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

// The pool that this thread fills, and its device.
struct Filling {
  std::shared_ptr<GraphPool::Blocks> blocks;
  int index = -1;
};
thread_local Filling filling;

// Of the current device.
const std::shared_ptr<GraphPool::Blocks>& pool_being_filled() {
  static const std::shared_ptr<GraphPool::Blocks> none;
  return filling.index == current_device() ? filling.blocks : none;
}

// All calls come with the allocator's device as the current one.
class CachingAllocator {
 public:
  void* allocate(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (fail_in_ > 0 && --fail_in_ == 0) fail_for(bytes, "as a test asked");
    if (bytes > kLargestRequest) fail_for(bytes, "no device has that much");
    const std::size_t size =
        exact_ ? std::max<std::size_t>(1, bytes) : size_class(bytes, kAlignment);
    void* block = take(size, bytes);
    if (exact_) exact_sizes_[block] = size;
    if (const auto& pool = pool_being_filled()) owners_[block] = pool;
    statistics_.in_use += size;
    statistics_.peak_in_use = std::max(statistics_.peak_in_use, statistics_.in_use);
    return block;
  }

  void release(void* block, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto exact = exact_sizes_.find(block);
    const std::size_t size =
        exact != exact_sizes_.end() ? exact->second : size_class(bytes, kAlignment);
    statistics_.in_use -= size;
    const auto owner = owners_.find(block);
    if (owner != owners_.end() && !owner->second->retired)
      owner->second->cache[size].push_back(block);
    else
      put_back(block, size);
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
    check(graphs_filling_ == 0, "[memory] cuda:", current_device(),
          " is recording: nothing can be given back to the system until that is done");
    free_cache();
  }

  void use_exact_memory(bool exact) {
    const std::lock_guard lock(mutex_);
    exact_ = exact;
  }

  void begin_graph() {
    const std::lock_guard lock(mutex_);
    ++graphs_filling_;
  }

  void end_graph() {
    const std::lock_guard lock(mutex_);
    --graphs_filling_;
    free_surplus();
  }

  void fail_allocation(std::int64_t k) {
    const std::lock_guard lock(mutex_);
    fail_in_ = k;
  }

  void retire(GraphPool::Blocks& blocks) {
    const std::lock_guard lock(mutex_);
    blocks.retired = true;
    for (auto& [size, waiting] : blocks.cache) {
      for (void* block : waiting) put_back(block, size);
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

  // To where everybody may take it.
  void put_back(void* block, std::size_t size) {
    owners_.erase(block);
    if (exact_sizes_.erase(block) == 0) {
      cache_[size].push_back(block);
    } else {
      surplus_[size].push_back(block);
      free_surplus();
    }
  }

  void* take(std::size_t size, std::size_t requested) {
    if (!exact_) {
      if (const auto& pool = pool_being_filled())
        if (void* block = take_cached(pool->cache, size)) return block;
      if (void* block = take_cached(cache_, size)) return block;
    }
    void* block = take_from_system(size);
    if (block == nullptr && graphs_filling_ == 0) {
      free_cache();
      block = take_from_system(size);
    }
    if (block == nullptr) fail_for(requested, "");
    statistics_.reserved += size;
    ++statistics_.system_allocations;
    return block;
  }

  // Waits for the device, which would break a capture.
  void free_cache() {
    for (auto& [size, blocks] : cache_) {
      for (void* block : blocks) check_cuda(cudaFree(block), "cudaFree");
      statistics_.reserved -= size * blocks.size();
      blocks.clear();
    }
  }

  // Released blocks of exact size. Errors would be those of kernels before: whoever comes next is
  // told, and destructors end here.
  void free_surplus() {
    if (graphs_filling_ > 0) return;
    for (auto& [size, blocks] : surplus_) {
      for (void* block : blocks) cudaFree(block);
      statistics_.reserved -= size * blocks.size();
    }
    surplus_.clear();
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
  int graphs_filling_ = 0;                                                // by any thread
  bool exact_ = environment("VOXGRAD_EXACT_MEMORY") != nullptr;
  std::unordered_map<void*, std::size_t> exact_sizes_;  // of blocks taken as they were asked for
  Cache surplus_;
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
  const OpScope op("copy");
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
  use_device(to_device.is_cuda() ? to_device.index : from_device.index);
  check<DeviceError>(!with_host || !pool_being_filled(),
                     "[copy] a recording cannot copy from or to ordinary host memory");
  check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, current_stream()), "cudaMemcpy");
  if (with_host) check_cuda(cudaStreamSynchronize(current_stream()), "cudaStreamSynchronize");
}

void synchronize(int index) {
  const OpScope op("synchronize");
  use_device(index);
  check_cuda(cudaStreamSynchronize(current_stream()), "cudaStreamSynchronize");
}

}  // namespace

GraphPool::GraphPool(int device_index)
    : index_(device_index), blocks_(std::make_shared<Blocks>()) {}

GraphPool::~GraphPool() {
  end();
  allocator(index_).retire(*blocks_);
}

void GraphPool::begin() {
  check(!filling.blocks, "[memory] this thread fills a graph's pool already");
  allocator(index_).begin_graph();
  filling = {blocks_, index_};
}

void GraphPool::end() {
  if (filling.blocks != blocks_) return;
  filling = {};
  allocator(index_).end_graph();
}

void use_exact_memory(bool exact, int index) {
  allocator(index).use_exact_memory(exact);
}

void close_devices() {
  drop_host_blocks();
  for (int index = 0; index < device_count(); ++index) {
    use_device(index);
    drop_library_handles();
    allocator(index).trim();
    check_cuda(cudaDeviceReset(), "cudaDeviceReset");
  }
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
