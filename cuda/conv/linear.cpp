// cuBLAS counts matrices by columns; our [rows, columns] is its [columns x rows]. So y = x w^T is
// computed as y^T = w x^T, and so on: every product below is the transpose of ours.
#include "cuda/conv/linear.h"

#include <limits>

#include "cuda/conv/epilogue.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/handles.h"

namespace voxgrad::cuda::linear {
namespace {

cudaDataType_t type_of(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::f64:
      return CUDA_R_64F;
    case DType::bf16:
      return CUDA_R_16BF;
    default:
      return CUDA_R_32F;
  }
}

cublasComputeType_t compute_type(const Tensor& factor, Precision precision) {
  if (factor.dtype() == DType::f64) return CUBLAS_COMPUTE_64F;
  if (factor.dtype() == DType::f32 && precision == Precision::tf32)
    return CUBLAS_COMPUTE_32F_FAST_TF32;
  return CUBLAS_COMPUTE_32F;
}

/// A matrix in memory: rows of `width` elements.
struct Factor {
  const Tensor& tensor;
  std::int64_t width;
  bool transposed;  // in cuBLAS's terms
};

// c (rows of m elements, n of them) = a b, where a is m x k and b is k x n by columns.
void multiply(std::int64_t m, std::int64_t n, std::int64_t k, const Factor& a, const Factor& b,
              const Tensor& c, Precision precision) {
  constexpr std::int64_t limit = std::numeric_limits<int>::max();
  check(m <= limit && n <= limit && k <= limit, "[linear] too large for cuBLAS: ", m, " x ", n,
        " x ", k);
  const double one_f64 = 1, zero_f64 = 0;
  const float one_f32 = 1, zero_f32 = 0;
  const bool f64 = a.tensor.dtype() == DType::f64;
  const void* one = f64 ? static_cast<const void*>(&one_f64) : &one_f32;
  const void* zero = f64 ? static_cast<const void*>(&zero_f64) : &zero_f32;
  check_cublas(
      cublas().gemm_ex(cublas_handle(), a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
                       b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N, int(m), int(n), int(k), one,
                       a.tensor.raw(), type_of(a.tensor), int(a.width), b.tensor.raw(),
                       type_of(b.tensor), int(b.width), zero, c.raw(), type_of(c), int(m),
                       compute_type(a.tensor, precision), CUBLAS_GEMM_DEFAULT),
      "cublasGemmEx");
}

}  // namespace

bool convolve(const ConvProblem& problem, const ConvOperands& operands) {
  const auto& [x, w, y, epilogue, packed] = operands;
  const ConvGeometry& g = problem.geometry;
  const std::int64_t in = g.in_channels, out = g.out_channels;
  switch (problem.direction) {
    case ConvDirection::forward:
      multiply(out, g.batch, in, {w, in, true}, {x, in, false}, y, g.precision);
      apply_epilogue(epilogue, y);
      return true;
    case ConvDirection::backward_data:
      multiply(in, g.batch, out, {w, in, false}, {y, out, false}, x, g.precision);
      apply_epilogue(epilogue, x);
      return true;
    default:
      multiply(in, out, g.batch, {x, in, false}, {y, out, true}, w, g.precision);
      return true;
  }
}

}  // namespace voxgrad::cuda::linear
