// Captured streams of the emulated CUDA. As in CUDA, what is captured is not done, and waiting for
// the stream meanwhile is an error that spoils the capture.
#include <cstdlib>
#include <vector>

#include "tests/cuda/emulation/streams.h"

struct EmulatedGraph {
  cudaStream_t stream = nullptr;  // the captured one
  std::vector<std::function<cudaError_t()>> work;
  bool spoiled = false;
};

namespace {

thread_local EmulatedGraph* captured = nullptr;

}  // namespace

bool voxgrad::emulation::capture(cudaStream_t stream, const std::function<cudaError_t()>& work) {
  if (captured == nullptr || captured->stream != stream) return false;
  captured->work.push_back(work);
  return true;
}

cudaError_t voxgrad::emulation::refuse_during_capture() {
  if (captured == nullptr) return cudaSuccess;
  captured->spoiled = true;
  return cudaErrorStreamCaptureUnsupported;
}

cudaError_t cudaMallocHost(void** block, std::size_t bytes) {
  *block = std::malloc(bytes);
  return *block ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (captured != nullptr) return cudaErrorInvalidValue;
  captured = new EmulatedGraph{stream, {}, false};
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
