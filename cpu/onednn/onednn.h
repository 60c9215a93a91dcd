// The thin layer over oneDNN: the only code that knows its API, 2.x and 3.x. f32, and
// bf16 maps and weights with sums and biases in f32.
// Primitives are built once for each geometry and kept. Tensors go in and out in our layout; where
// a kernel wants another one, they are reordered in scratch memory of our allocator.
#pragma once

#include <string>

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu::onednn {

enum class Direction { forward, backward_data, backward_weight };

/// A weight in a kernel's layout.
struct PackedWeight;

/// The tensors of a convolution. A direction writes one of x, w and y, and reads the other two.
/// Forward also takes the epilogue; the other directions leave it to their caller.
struct Operands {
  Tensor x, w, y;
  Epilogue epilogue;
  std::shared_ptr<const PackedWeight> packed = nullptr;  // of w, where it is known to stay the same
};

/// Runs one direction; the dtypes are those of the operands. False, with nothing done, where oneDNN
/// has no fast kernel for it (only its reference loops, or none at all).
bool convolve(Direction direction, const ConvGeometry& geometry, const Operands& operands);

/// w in the layout of the kernel that convolve() will use for these operands, for runs to come:
/// operands.packed where that is it. Null if that is the one it has, or if convolve() would return
/// false.
std::shared_ptr<const PackedWeight> pack(Direction direction, const ConvGeometry& geometry,
                                         const Operands& operands);

/// oneDNN's name for the kernel that convolve() would use, such as "jit:avx2"; "none" if false.
std::string kernel_name(Direction direction, const ConvGeometry& geometry);

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
