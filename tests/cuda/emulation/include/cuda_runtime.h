// A small CUDA on the CPU, so that the kernels of cuda/ run, and are tested, on any machine. The
// same .cu files compile against this header in place of CUDA's own. A block's threads are fibers
// (threads.cpp) and its shared memory is poisoned (shared_memory.cpp); device memory is host memory
// with guard bands (guarded_memory.cpp); streams run at once, or late where a test wants it
// (streams.h).
// What kernels of ours do not use is not here.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __grid_constant__
#define __launch_bounds__(...)
// Blocks run one after the other, so their shared memory may be the same. Function-local, so that
// the symbol's name tells whose it is.
#define __shared__ thread_local

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorIllegalAddress = 700,
  cudaErrorAssert = 710,
  cudaErrorMisalignedAddress = 716,
  cudaErrorLaunchFailure = 719,
  cudaErrorStreamCaptureUnsupported = 900,
};
enum cudaMemcpyKind { cudaMemcpyDefault = 4 };
enum cudaDeviceAttr {
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrComputeCapabilityMinor = 76,
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
enum cudaStreamCaptureMode { cudaStreamCaptureModeRelaxed = 2 };
enum { cudaStreamNonBlocking = 1, cudaEventDefault = 0, cudaEventDisableTiming = 2 };
using cudaStream_t = struct EmulatedStream*;
using cudaEvent_t = struct EmulatedEvent*;
using cudaGraph_t = struct EmulatedGraph*;
using cudaGraphExec_t = struct EmulatedGraph*;

struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
  void* attrs = nullptr;
  unsigned numAttrs = 0;
};

// What a kernel knows of its place.
extern dim3 threadIdx, blockIdx, blockDim, gridDim;
inline constexpr int warpSize = 32;

namespace voxgrad::emulation {

/// In which order the threads of a block and the blocks of a grid take their turns. Kernels that
/// synchronise as they should give the same bits in each.
enum class Order { forward, reverse, shuffled };
void set_order(Order order);

/// Runs a grid. Errors of the configuration, and writes outside of device memory, are returned.
using ThreadBody = void (*)(void*);
cudaError_t run_grid(const cudaLaunchConfig_t& config, const void* kernel, ThreadBody body,
                     void* argument);

/// Work on a stream: done at once, later (streams.h), or kept for the graph while it is captured.
cudaError_t enqueue(cudaStream_t stream, std::function<cudaError_t()> work);
/// True while any stream is captured.
bool capturing();
/// That cudaSetDevice chose in this thread.
int chosen_device();

/// Hands a value to the lanes of this warp and returns that of lane `source` (its own if that is
/// outside of the width). All lanes of the warp must call it.
std::uint64_t exchange(std::uint64_t value, int source);

/// Shows a value to the lanes of this warp, and returns theirs. None continues before all have
/// called end_show().
const std::uint64_t* show(std::uint64_t value);
void end_show();

/// This thread's place in its warp.
inline int lane() {
  return int((threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % 32);
}

/// f(values of all lanes, as pointers).
template <class T, class F>
void with_warp(const T& mine, F&& f) {
  static_assert(sizeof(const T*) == sizeof(std::uint64_t));
  const std::uint64_t* shown = show(reinterpret_cast<std::uint64_t>(&mine));
  const T* lanes[32];
  for (int i = 0; i < 32; ++i) lanes[i] = reinterpret_cast<const T*>(shown[i]);
  f(lanes);
  end_show();
}

}  // namespace voxgrad::emulation

void __syncthreads();
void __syncwarp(unsigned mask = 0xffffffffu);

template <class T>
T __shfl_sync(unsigned, T value, int source, int width = warpSize) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  const int lane = voxgrad::emulation::lane();
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = voxgrad::emulation::exchange(bits, lane / width * width + source % width);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int distance, int width = warpSize) {
  const int lane = voxgrad::emulation::lane();
  return __shfl_sync(mask, value, (lane % width) ^ distance, width);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, int distance, int width = warpSize) {
  const int lane = voxgrad::emulation::lane();
  const int source = lane % width + distance;
  return __shfl_sync(mask, value, source < width ? source : lane % width, width);
}

template <class T>
T __ldg(const T* pointer) {
  return *pointer;
}

// The host's side. There are two devices, of compute capability 9, which share their memory.
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetLastError();
const char* cudaGetErrorString(cudaError_t status);
cudaError_t cudaMalloc(void** block, std::size_t bytes);
cudaError_t cudaFree(void* block);
/// Unlike CUDA's, an error if blocks of the device were not freed.
cudaError_t cudaDeviceReset();
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemcpyPeerAsync(void* to, int to_device, const void* from, int from_device,
                                std::size_t bytes, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags = 0);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaMallocHost(void** block, std::size_t bytes);
cudaError_t cudaFreeHost(void* block);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable);
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode);
cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value);

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  struct Call {
    void (*kernel)(Parameters...);
    std::tuple<Parameters...> parameters;
  } call{kernel, std::tuple<Parameters...>(std::forward<Arguments>(arguments)...)};
  return voxgrad::emulation::enqueue(config->stream, [launch = *config, call]() mutable {
    return voxgrad::emulation::run_grid(
        launch, reinterpret_cast<const void*>(call.kernel),
        [](void* pointer) {
          auto* each = static_cast<Call*>(pointer);
          std::apply(each->kernel, each->parameters);
        },
        &call);
  });
}
