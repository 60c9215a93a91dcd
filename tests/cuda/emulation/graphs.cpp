// Captured streams of the emulated CUDA. As in CUDA, what is captured is not done, and waiting for
// the stream meanwhile is an error that spoils the capture.
#include <cstdlib>
#include <vector>

#include "tests/cuda/emulation/include/cuda_runtime.h"

struct EmulatedGraph {
  std::vector<std::function<cudaError_t()>> work;
  bool spoiled = false;
};

namespace {

thread_local EmulatedGraph* captured = nullptr;

cudaError_t wait() {
  if (captured == nullptr) return cudaSuccess;
  captured->spoiled = true;
  return cudaErrorStreamCaptureUnsupported;
}

}  // namespace

cudaError_t voxgrad::emulation::enqueue(std::function<cudaError_t()> work) {
  if (captured == nullptr) return work();
  captured->work.push_back(std::move(work));
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t) {
  return wait();
}
cudaError_t cudaEventSynchronize(cudaEvent_t) {
  return wait();
}

cudaError_t cudaMallocHost(void** block, std::size_t bytes) {
  *block = std::malloc(bytes);
  return *block ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
  if (captured != nullptr) return cudaErrorInvalidValue;
  captured = new EmulatedGraph;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* graph) {
  if (captured == nullptr) return cudaErrorInvalidValue;
  *graph = std::exchange(captured, nullptr);
  if (!(*graph)->spoiled) return cudaSuccess;
  delete std::exchange(*graph, nullptr);
  return cudaErrorStreamCaptureUnsupported;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
  *executable = new EmulatedGraph(*graph);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t) {
  for (const auto& work : executable->work)
    if (const cudaError_t status = voxgrad::emulation::enqueue(work); status != cudaSuccess)
      return status;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}
