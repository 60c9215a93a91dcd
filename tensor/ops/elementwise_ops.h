// Kernels that treat every element alike. All float tensors are f64, f32 or bf16, one dtype per
// call, unless said otherwise; bf16 is widened to f32, computed with, and rounded to nearest even.
// Contract of every kernel in ops/: outputs, named out_..., are allocated by the caller and
// overwritten, never accumulated into (accumulate() is the one exception, for the backward engine);
// an input may be the output only where it says "in place"; arguments were checked by the caller.
#pragma once

#include "tensor/ops/functors.h"
#include "tensor/tensor.h"

namespace voxgrad {

enum class BinaryKind : std::uint8_t { add, subtract, multiply, divide };

struct ElementwiseOps {
  /// All dtypes.
  void (*fill)(const Tensor& out_y, double value);
  /// Any dtype to any other; rounds to nearest even; floats to u8 or i64 truncate.
  void (*convert)(const Tensor& x, const Tensor& out_y);
  /// y = a (kind) b, same shapes; in place.
  void (*binary)(BinaryKind kind, const Tensor& a, const Tensor& b, const Tensor& out_y);
  /// y = scale * x + offset; in place.
  void (*affine)(const Tensor& x, double scale, double offset, const Tensor& out_y);
  /// y += x; floats and i64. The only kernel that accumulates.
  void (*accumulate)(const Tensor& x, const Tensor& in_out_y);
  /// y = act(x); in place.
  void (*activation)(Activation activation, const Tensor& x, const Tensor& out_y);
  /// dx = dy * act'(x); dx may be dy. saved: x where slope_needs_input(activation.kind), and else
  /// y = act(x).
  void (*activation_backward)(Activation activation, const Tensor& saved, const Tensor& dy,
                              const Tensor& out_dx);
  void (*clamp)(const Tensor& x, double low, double high, const Tensor& out_y);
  void (*clamp_backward)(const Tensor& x, double low, double high, const Tensor& dy,
                         const Tensor& out_dx);
};

}  // namespace voxgrad
