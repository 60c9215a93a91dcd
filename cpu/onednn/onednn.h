// The thin layer over oneDNN: the only code that knows its API, 2.x and 3.x. f32, and
// bf16 maps and weights with sums and biases in f32.
// Primitives are built once for each geometry and kept. Tensors go in and out in our layout; where
// a kernel expects another one, they are reordered in scratch memory of our allocator.
#pragma once

#include <string>

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu::onednn {

/// True where oneDNN has a fast kernel: more than its reference loops. Of the epilogue it has that
/// of forward; the other directions leave it to their caller.
bool supports(const ConvProblem& problem);

/// Computes what supports() is true for.
void convolve(const ConvProblem& problem, const ConvOperands& operands);

/// oneDNN's name for the kernel that convolve() would use, such as "jit:avx2"; "none" without one.
std::string kernel_name(const ConvProblem& problem);

/// True if oneDNN runs its AVX-512 kernels on this processor.
bool uses_avx512();

/// True if it has Winograd's algorithm for this processor: oneDNN 2 with AVX-512.
bool has_winograd();

/// A row-major matrix, or its transpose.
struct Matrix {
  const float* data;
  std::int64_t row_stride;
  bool transposed = false;
};

/// c [m,n] = a [m,k] b [k,n], c row-major without gaps.
void multiply(std::int64_t m, std::int64_t n, std::int64_t k, Matrix a, Matrix b, float* c);

}  // namespace voxgrad::cpu::onednn
