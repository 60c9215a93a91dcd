// Precision: the type in which convolutions and linear layers multiply. Sums are always made in f32
// (f64 for an f64 model), and parameters stay as they are at any precision.
//
//   f32   as the parameters: f32, or f64 for a model in f64
//   tf32  f32 tensors whose factors are rounded to 10 bits of mantissa; CUDA only
//   bf16  feature maps between layers are bf16 tensors, and a convolution gets a bf16 copy of its
//         weights. Parameters and their gradients, biases, batch-norm statistics, probabilities,
//         the softmax over views and losses stay f32.
//
// So bf16 shows in the tensors' dtype, and kernels read it there; tf32 does not, so it travels in
// ConvGeometry::precision. Nothing is global.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "tensor/device.h"
#include "tensor/dtype.h"

namespace voxgrad {

class Tensor;

enum class Precision : std::uint8_t { f32, tf32, bf16 };

const char* name_of(Precision precision);
inline std::ostream& operator<<(std::ostream& out, Precision precision) {
  return out << name_of(precision);
}
/// "f32", "tf32" or "bf16"; anything else is a ConfigError.
Precision precision_from(const std::string& name);
/// ConfigError if the device cannot multiply that way: tf32 needs CUDA.
void check_precision(Precision precision, Device device);

/// The dtype of parameters that are applied to maps of this dtype.
constexpr DType parameter_dtype(DType map) {
  return map == DType::bf16 ? DType::f32 : map;
}
/// Error that begins with [op] unless the parameter has that dtype and is on x's device.
void check_parameter(const char* op, const Tensor& x, const Tensor& parameter);

}  // namespace voxgrad
