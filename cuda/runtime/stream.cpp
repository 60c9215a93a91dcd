// What a device does by itself: copies from and to page-locked memory, marks (events), uploads on a
// stream of their own, and recordings (CUDA graphs, each with a pool of memory of its own).
#include <cstdlib>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "cuda/kernels.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/memory.h"
#include "cuda/runtime/runtime.h"
#include "tensor/environment.h"

namespace voxgrad::cuda {
namespace {

// Page-locked memory is slow to get and to give back, and giving it back waits for the device: so
// blocks are kept, by size.
class HostBlocks {
 public:
  void* allocate(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    std::vector<void*>& waiting = free_[bytes];
    if (!waiting.empty()) {
      void* block = waiting.back();
      waiting.pop_back();
      return block;
    }
    void* block = nullptr;
    check_cuda(cudaMallocHost(&block, bytes > 0 ? bytes : 1), "cudaMallocHost");
    size_[block] = bytes;
    return block;
  }

  void release(void* block) {
    const std::lock_guard lock(mutex_);
    free_[size_.at(block)].push_back(block);
  }

  void drop_cached() {
    const std::lock_guard lock(mutex_);
    for (auto& [bytes, waiting] : free_)
      for (void* block : waiting) {
        size_.erase(block);
        cudaFreeHost(block);
      }
    free_.clear();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::size_t, std::vector<void*>> free_;
  std::unordered_map<void*, std::size_t> size_;
};

// Never destroyed: see runtime.cpp.
HostBlocks& host_blocks() {
  static auto* const instance = new HostBlocks;
  return *instance;
}

using Graph = Owned<cudaGraph_t, cudaGraphDestroy>;
using GraphExec = Owned<cudaGraphExec_t, cudaGraphExecDestroy>;

struct Recorded {
  explicit Recorded(int index) : pool(index) {}
  GraphPool pool;
  GraphExec graph;  // dropped before its memory
};

// What this thread is recording.
thread_local std::unique_ptr<Recorded> current;

Event event_on(cudaStream_t stream) {
  Event event = make_event();
  check_cuda(cudaEventRecord(event.get(), stream), "cudaEventRecord");
  return event;
}

void* upload(void* to, const void* from, std::size_t bytes, void* after, int index) {
  const OpScope op("upload");
  use_device(index);
  check<DeviceError>(current == nullptr, "[upload] a recording cannot wait for an upload");
  const cudaStream_t stream = upload_stream();
  auto copied = std::make_unique<Event>(make_event());
  check_cuda(cudaStreamWaitEvent(stream, static_cast<Event*>(after)->get(), 0),
             "cudaStreamWaitEvent");
  if (bytes > 0)
    check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream), "cudaMemcpy");
  cudaError_t status = cudaEventRecord(copied->get(), stream);
  if (status == cudaSuccess) status = cudaStreamWaitEvent(current_stream(), copied->get(), 0);
  // Without an event nobody could wait for the copy, and its memory would count as free.
  if (status != cudaSuccess) cudaStreamSynchronize(stream);
  check_cuda(status, "event after an upload");
  return copied.release();
}

void begin_recording(int index) {
  use_device(index);
  check(current == nullptr, "[recording] this thread records already");
  auto recorded = std::make_unique<Recorded>(index);
  recorded->pool.begin();
  // Last, as nothing that throws may leave the stream capturing. Relaxed: the allocator may take
  // memory meanwhile. Waiting for the device stays an error.
  check_cuda(cudaStreamBeginCapture(current_stream(), cudaStreamCaptureModeRelaxed),
             "cudaStreamBeginCapture");
  current = std::move(recorded);
}

void* end_recording(bool keep, int index) {
  use_device(index);
  check(current != nullptr, "[recording] this thread records nothing");
  std::unique_ptr<Recorded> recorded = std::move(current);
  cudaGraph_t raw = nullptr;
  const cudaError_t status = cudaStreamEndCapture(current_stream(), &raw);
  recorded->pool.end();  // which may give memory back, and so comes after the capture
  const Graph graph(raw);
  if (!keep) {
    cudaGetLastError();  // that the capture failed too is told by what made it fail
    return nullptr;
  }
  check_cuda(status, "cudaStreamEndCapture");
  cudaGraphExec_t executable = nullptr;
  check_cuda(cudaGraphInstantiate(&executable, graph.get(), 0), "cudaGraphInstantiate");
  recorded->graph = GraphExec(executable);
  return recorded.release();
}

}  // namespace

void drop_host_blocks() {
  host_blocks().drop_cached();
}

const StreamOps stream_ops{
    .allocate_host =
        [](std::size_t bytes, int index) {
          const OpScope op("host memory");
          use_device(index);
          return host_blocks().allocate(bytes);
        },
    .release_host = [](void* block, int) { host_blocks().release(block); },
    .copy =
        [](void* to, const void* from, std::size_t bytes, int index) {
          const OpScope op("copy");
          use_device(index);
          if (bytes > 0)
            check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, current_stream()),
                       "cudaMemcpy");
        },
    .upload = upload,
    .record_event = [](int index) -> void* {
      const OpScope op("record_event");
      use_device(index);
      return new Event(event_on(current_stream()));
    },
    .wait_event =
        [](void* event, int index) {
          const OpScope op("wait_event");
          use_device(index);
          check_cuda(cudaEventSynchronize(static_cast<Event*>(event)->get()),
                     "cudaEventSynchronize");
        },
    .destroy_event = [](void* event, int) { delete static_cast<Event*>(event); },
    .can_record = [](int) { return environment("VOXGRAD_NO_GRAPHS") == nullptr; },
    .begin_recording =
        [](int index) {
          const OpScope op("recording");
          begin_recording(index);
        },
    .end_recording =
        [](bool keep, int index) {
          const OpScope op("recording");
          return end_recording(keep, index);
        },
    .replay =
        [](void* recording, int index) {
          const OpScope op("replay");
          use_device(index);
          check_cuda(
              cudaGraphLaunch(static_cast<Recorded*>(recording)->graph.get(), current_stream()),
              "cudaGraphLaunch");
        },
    .drop_recording = [](void* recording, int) { delete static_cast<Recorded*>(recording); },
};

}  // namespace voxgrad::cuda
