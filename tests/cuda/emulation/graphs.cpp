// Captured streams of the emulated CUDA. As in CUDA, what is captured is not done, and waiting for
// the stream meanwhile is an error that spoils the capture. So is freeing memory, which waits.
#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "tests/cuda/emulation/streams.h"

struct EmulatedGraph {
  cudaStream_t stream = nullptr;  // the captured one
  std::vector<std::function<cudaError_t()>> work;
  bool spoiled = false;
};

namespace {

std::recursive_mutex mutex;
std::vector<EmulatedGraph*> captures;  // in progress, by any thread

auto capture_of(cudaStream_t stream) {
  return std::find_if(captures.begin(), captures.end(),
                      [=](const EmulatedGraph* graph) { return graph->stream == stream; });
}

}  // namespace

bool voxgrad::emulation::capturing() {
  const std::lock_guard lock(mutex);
  return !captures.empty();
}

bool voxgrad::emulation::capture(cudaStream_t stream, const std::function<cudaError_t()>& work) {
  const std::lock_guard lock(mutex);
  const auto found = capture_of(stream);
  if (found == captures.end()) return false;
  (*found)->work.push_back(work);
  return true;
}

cudaError_t voxgrad::emulation::refuse_during_capture(cudaStream_t stream) {
  const std::lock_guard lock(mutex);
  const auto found = capture_of(stream);
  if (found == captures.end()) return cudaSuccess;
  (*found)->spoiled = true;
  return cudaErrorStreamCaptureUnsupported;
}

cudaError_t cudaMallocHost(void** block, std::size_t bytes) {
  *block = std::malloc(bytes);
  return *block ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFreeHost(void* block) {
  std::free(block);
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  const std::lock_guard lock(mutex);
  if (capture_of(stream) != captures.end()) return cudaErrorInvalidValue;
  captures.push_back(new EmulatedGraph{stream, {}, false});
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const std::lock_guard lock(mutex);
  const auto found = capture_of(stream);
  if (found == captures.end()) return cudaErrorInvalidValue;
  *graph = *found;
  captures.erase(found);
  if (!(*graph)->spoiled) return cudaSuccess;
  delete std::exchange(*graph, nullptr);
  return cudaErrorStreamCaptureUnsupported;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
  *executable = new EmulatedGraph(*graph);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return voxgrad::emulation::enqueue(stream, [work = executable->work] {
    for (const auto& each : work)
      if (const cudaError_t status = each(); status != cudaSuccess) return status;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}
