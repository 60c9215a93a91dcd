// The emulated cuBLAS: one function, on matrices by columns. It demands what cuda/runtime/handles.h
// promises: a workspace of the caller's, no atomics, no sums in reduced precision.
#include "cuda/runtime/cublas.h"

#include <bit>
#include <cmath>

#include "tensor/ops/convert_ops.h"
#include "tests/cuda/emulation/libraries/libraries.h"

struct EmulatedCublas {
  cudaStream_t stream = nullptr;
  void* workspace = nullptr;
  cublasMath_t mode = CUBLAS_DEFAULT_MATH;
  bool atomics = true;
};

namespace voxgrad::emulation {
int cudnn_calls();
}

namespace {

int gemms = 0;
bool create_fails = false;

struct Matrix {
  const void* base;
  cudaDataType type;
  std::int64_t pitch;
  bool transposed, tf32;

  double at(std::int64_t row, std::int64_t column) const {
    const std::int64_t place = transposed ? row * pitch + column : column * pitch + row;
    if (type == CUDA_R_64F) return static_cast<const double*>(base)[place];
    if (type == CUDA_R_16BF)
      return double(voxgrad::to_float(static_cast<const voxgrad::BFloat16*>(base)[place]));
    const float value = static_cast<const float*>(base)[place];
    if (!tf32 || !std::isfinite(value)) return double(value);
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return double(std::bit_cast<float>((bits + 0xfffu + (bits >> 13 & 1u)) & ~0x1fffu));
  }
};

void store(void* base, cudaDataType type, std::int64_t place, double value) {
  if (type == CUDA_R_64F)
    static_cast<double*>(base)[place] = value;
  else if (type == CUDA_R_16BF)
    static_cast<voxgrad::BFloat16*>(base)[place] = voxgrad::to_bfloat16(float(value));
  else
    static_cast<float*>(base)[place] = float(value);
}

template <class T>
void multiply(const Matrix& a, const Matrix& b, int m, int n, int k, double alpha, double beta,
              void* c, cudaDataType type, int pitch) {
  for (std::int64_t column = 0; column < n; ++column)
    for (std::int64_t row = 0; row < m; ++row) {
      T sum = 0;
      for (std::int64_t i = 0; i < k; ++i) sum += T(a.at(row, i)) * T(b.at(i, column));
      const std::int64_t place = column * pitch + row;
      const double old = beta == 0 ? 0 : Matrix{c, type, pitch, false, false}.at(row, column);
      store(c, type, place, alpha * double(sum) + beta * old);
    }
}

/// The pairs of types that cuBLAS documents for cublasGemmEx, as far as they are emulated.
bool supported(cudaDataType a, cudaDataType b, cudaDataType c, cublasComputeType_t compute) {
  if (a != b) return false;
  if (compute == CUBLAS_COMPUTE_64F) return a == CUDA_R_64F && c == CUDA_R_64F;
  if (a == CUDA_R_64F) return false;
  if (a == CUDA_R_32F) return c == CUDA_R_32F;
  return compute == CUBLAS_COMPUTE_32F && (c == CUDA_R_16BF || c == CUDA_R_32F);
}

cublasStatus_t gemm_ex(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int m,
                       int n, int k, const void* alpha, const void* a, cudaDataType type_a, int lda,
                       const void* b, cudaDataType type_b, int ldb, const void* beta, void* c,
                       cudaDataType type_c, int ldc, cublasComputeType_t compute,
                       cublasGemmAlgo_t) {
  ++gemms;
  if (handle->workspace == nullptr || handle->atomics ||
      (handle->mode & CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION) == 0)
    return CUBLAS_STATUS_NOT_INITIALIZED;
  const bool ta = op_a == CUBLAS_OP_T, tb = op_b == CUBLAS_OP_T;
  if (m < 1 || n < 1 || k < 1 || lda < (ta ? k : m) || ldb < (tb ? n : k) || ldc < m)
    return CUBLAS_STATUS_INVALID_VALUE;
  if (!supported(type_a, type_b, type_c, compute)) return CUBLAS_STATUS_NOT_SUPPORTED;
  const bool f64 = compute == CUBLAS_COMPUTE_64F, tf32 = compute == CUBLAS_COMPUTE_32F_FAST_TF32;
  const double scale =
      f64 ? *static_cast<const double*>(alpha) : double(*static_cast<const float*>(alpha));
  const double keep =
      f64 ? *static_cast<const double*>(beta) : double(*static_cast<const float*>(beta));
  const Matrix left{a, type_a, lda, ta, tf32}, right{b, type_b, ldb, tb, tf32};
  const cudaError_t error = voxgrad::emulation::enqueue(handle->stream, [=] {
    (f64 ? multiply<double> : multiply<float>)(left, right, m, n, k, scale, keep, c, type_c, ldc);
    return cudaSuccess;
  });
  return error == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

}  // namespace

int voxgrad::emulation::library_calls() {
  return cudnn_calls() + gemms;
}
void voxgrad::emulation::fail_cublas_create() {
  create_fails = true;
}

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  if (std::exchange(create_fails, false)) return CUBLAS_STATUS_NOT_INITIALIZED;
  *handle = new EmulatedCublas;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  handle->workspace = nullptr;  // as cuBLAS does
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, std::size_t) {
  handle->workspace = workspace;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
  handle->mode = mode;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetAtomicsMode(cublasHandle_t handle, cublasAtomicsMode_t mode) {
  handle->atomics = mode == CUBLAS_ATOMICS_ALLOWED;
  return CUBLAS_STATUS_SUCCESS;
}
const char* cublasGetStatusString(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? "CUBLAS_STATUS_SUCCESS"
                                         : "CUBLAS_STATUS_NOT_INITIALIZED";
}

const voxgrad::cuda::Cublas& voxgrad::cuda::cublas() {
  static const Cublas functions{cublasCreate_v2,
                                cublasDestroy_v2,
                                cublasSetStream_v2,
                                cublasSetWorkspace_v2,
                                cublasSetMathMode,
                                cublasSetAtomicsMode,
                                gemm_ex,
                                cublasGetStatusString};
  return functions;
}
