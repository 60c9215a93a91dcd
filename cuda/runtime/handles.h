// Handles of cuDNN and cuBLAS, one per device, working on the device's stream. Made at first use,
// destroyed by close_devices() alone (cuda/runtime/memory.h).
#pragma once

#include <cudnn.h>

#include "cuda/runtime/cublas.h"

namespace voxgrad::cuda {

/// Of the current device.
cudnnHandle_t cudnn_handle();
/// Deterministic: it has a workspace of its own, and never rounds factors or sums unasked.
cublasHandle_t cublas_handle();

/// Errors like check_cuda's.
void check_cublas(cublasStatus_t status, const char* call);
void check_cudnn(cudnnStatus_t status, const char* call);

}  // namespace voxgrad::cuda
