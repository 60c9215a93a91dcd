// cuBLAS, opened at its first use. Linked, the relocations of libcublasLt would slow every start of
// every command and take memory, on machines without a GPU too.
#pragma once

#include <cublas_v2.h>

namespace voxgrad::cuda {

/// The functions that are used, by their names in cublas_v2.h.
struct Cublas {
  decltype(&cublasCreate_v2) create;
  decltype(&cublasDestroy_v2) destroy;
  decltype(&cublasSetStream_v2) set_stream;
  decltype(&cublasSetWorkspace_v2) set_workspace;
  decltype(&cublasSetMathMode) set_math_mode;
  decltype(&cublasSetAtomicsMode) set_atomics_mode;
  // Written out, as the header has another function of that name for C++.
  cublasStatus_t (*gemm_ex)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int,
                            const void*, const void*, cudaDataType, int, const void*, cudaDataType,
                            int, const void*, void*, cudaDataType, int, cublasComputeType_t,
                            cublasGemmAlgo_t);
  decltype(&cublasGetStatusString) status_string;
};

/// A DeviceError where the library cannot be opened.
const Cublas& cublas();

}  // namespace voxgrad::cuda
