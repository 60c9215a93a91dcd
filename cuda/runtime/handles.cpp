#include "cuda/runtime/handles.h"

#include <mutex>
#include <vector>

#include "cuda/runtime/check.h"
#include "cuda/runtime/memory.h"
#include "cuda/runtime/runtime.h"

namespace voxgrad::cuda {
namespace {

constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;  // what cuBLAS asks for on Hopper

struct Handles {
  cudnnHandle_t cudnn = nullptr;
  cublasHandle_t cublas = nullptr;
  Tensor workspace;  // of cuBLAS
};

std::mutex& handles_mutex() {
  static std::mutex mutex;
  return mutex;
}

// Never destroyed: tensors with static lifetime may be released after everything else.
Handles& handles() {
  static auto* const all = new std::vector<Handles>(std::size_t(device_count()));
  return (*all)[std::size_t(current_device())];
}

}  // namespace

cudnnHandle_t cudnn_handle() {
  const std::lock_guard lock(handles_mutex());
  cudnnHandle_t& handle = handles().cudnn;
  if (handle == nullptr) {
    cudnnHandle_t made = nullptr;
    check_cudnn(cudnnCreate(&made), "cudnnCreate");
    check_cudnn(cudnnSetStream(made, current_stream()), "cudnnSetStream");
    handle = made;
  }
  return handle;
}

cublasHandle_t cublas_handle() {
  const std::lock_guard lock(handles_mutex());
  Handles& mine = handles();
  if (mine.cublas == nullptr) {
    cublasHandle_t made = nullptr;
    check_cublas(cublas().create(&made), "cublasCreate");
    check_cublas(cublas().set_stream(made, current_stream()), "cublasSetStream");
    // After the stream, which would set the workspace back. Memory of our own makes results
    // repeatable and lets graphs be captured.
    mine.workspace =
        Tensor({std::int64_t(kWorkspaceBytes)}, DType::u8, Device::cuda(current_device()));
    check_cublas(cublas().set_workspace(made, mine.workspace.raw(), kWorkspaceBytes),
                 "cublasSetWorkspace");
    check_cublas(cublas().set_math_mode(
                     made, cublasMath_t(CUBLAS_DEFAULT_MATH |
                                        CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION)),
                 "cublasSetMathMode");
    check_cublas(cublas().set_atomics_mode(made, CUBLAS_ATOMICS_NOT_ALLOWED),
                 "cublasSetAtomicsMode");
    mine.cublas = made;
  }
  return mine.cublas;
}

void drop_library_handles() {
  const std::lock_guard lock(handles_mutex());
  Handles& mine = handles();
  if (mine.cudnn != nullptr) cudnnDestroy(mine.cudnn);
  if (mine.cublas != nullptr) cublas().destroy(mine.cublas);
  mine = {};
}

void check_cublas(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS)
    fail<DeviceError>(OpScope::message(concat(call, " failed: ", cublas().status_string(status))));
}

void check_cudnn(cudnnStatus_t status, const char* call) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char text[512] = "";
  cudnnGetLastErrorString(text, sizeof text);
  fail<DeviceError>(OpScope::message(
      concat(call, " failed: ", cudnnGetErrorString(status), text[0] ? ": " : "", text)));
}

}  // namespace voxgrad::cuda
