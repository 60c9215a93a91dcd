// Element types of tensors, and the step from a run-time type to a C++ type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "tensor/error.h"

namespace voxgrad {

/// bf16 has a storage type only; arithmetic on it happens in f32.
enum class DType : std::uint8_t { f64, f32, bf16, u8, i64 };

std::size_t size_of(DType dtype);
const char* name_of(DType dtype);
inline std::ostream& operator<<(std::ostream& out, DType dtype) {
  return out << name_of(dtype);
}

/// bfloat16 in memory: the upper half of an f32.
struct BFloat16 {
  std::uint16_t bits;
};

template <class T>
inline constexpr DType dtype_of = [] {
  if constexpr (std::is_same_v<T, double>) return DType::f64;
  if constexpr (std::is_same_v<T, float>) return DType::f32;
  if constexpr (std::is_same_v<T, BFloat16>) return DType::bf16;
  if constexpr (std::is_same_v<T, std::uint8_t>) return DType::u8;
  if constexpr (std::is_same_v<T, std::int64_t>) return DType::i64;
}();

/// Calls f.template operator()<T>() with T = float or double; any other dtype is an error.
template <class F>
decltype(auto) dispatch_float(const char* op, DType dtype, F&& f) {
  if (dtype == DType::f32) return f.template operator()<float>();
  if (dtype == DType::f64) return f.template operator()<double>();
  fail("[", op, "] expects f32 or f64, got ", dtype);
}

}  // namespace voxgrad
