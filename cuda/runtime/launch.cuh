// How kernels are started: all of them through launch(), on the current device's stream.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cuda/runtime/check.h"
#include "cuda/runtime/runtime.h"

namespace voxgrad::cuda {

inline constexpr int kThreads = 256;  // a block, unless a kernel says otherwise

/// Starts kernel(arguments...). An empty grid is no work, and no error.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes,
            Arguments&&... arguments) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  if (shared_bytes > 48 * 1024)
    check_cuda(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                    cudaFuncAttributeMaxDynamicSharedMemorySize, int(shared_bytes)),
               "cudaFuncSetAttribute");
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = current_stream();
  check_cuda(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), "launch");
}

inline std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Blocks for a grid-stride loop over n elements: a thread each, up to 32 blocks of 256 threads a
/// multiprocessor of the largest devices. Does not depend on the device, so neither do results.
inline dim3 blocks_for(std::int64_t n, int threads = kThreads) {
  return dim3(unsigned(std::min<std::int64_t>(divide_up(n, threads), 4224)));
}

/// This thread's place in the grid, and the number of threads in it.
__device__ inline std::int64_t thread_index() {
  return std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ inline std::int64_t thread_count() {
  return std::int64_t(gridDim.x) * blockDim.x;
}

}  // namespace voxgrad::cuda
