// One value from any element type to any other, for loops and kernels. Roundings are to nearest
// even. Floats that become integers are truncated; what does not fit goes to the nearest bound, and
// NaN to 0.
#pragma once

#include <bit>
#include <cmath>
#include <limits>

#include "tensor/dtype.h"
#include "tensor/ops/functors.h"

namespace voxgrad {

/// Calls f.template operator()<T>() with the C++ type of any dtype.
template <class F>
decltype(auto) dispatch_any(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f64:
      return f.template operator()<double>();
    case DType::f32:
      return f.template operator()<float>();
    case DType::bf16:
      return f.template operator()<BFloat16>();
    case DType::u8:
      return f.template operator()<std::uint8_t>();
    case DType::i64:
      return f.template operator()<std::int64_t>();
  }
  fail("[dtype] unknown dtype ", int(dtype));
}

VOXGRAD_HD inline float to_float(BFloat16 value) {
  return std::bit_cast<float>(std::uint32_t(value.bits) << 16);
}

/// To nearest even. A GPU has an instruction for it, which makes every NaN the same one.
VOXGRAD_HD inline BFloat16 to_bfloat16(float value) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  BFloat16 result;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
  return result;
#endif
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if (value != value) return {std::uint16_t((bits >> 16) | 0x40u)};
  return {std::uint16_t((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

/// To f32 by rounding to odd, so that a second rounding, to bf16, still sees on which side of a tie
/// the value was (Boldo and Melquiond, 2008).
VOXGRAD_HD inline float round_to_odd(double value) {
  const float nearest = float(value);
  const double back = nearest;
  if (back == value || value != value) return nearest;
  std::uint32_t bits = std::bit_cast<std::uint32_t>(nearest);
  if (std::fabs(back) > std::fabs(value)) --bits;
  return std::bit_cast<float>(bits | 1u);
}

template <class To, class From>
VOXGRAD_HD To convert_value(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<From, BFloat16>) {
    return convert_value<To>(to_float(value));
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    if constexpr (std::is_same_v<From, float>)
      return to_bfloat16(value);
    else
      return to_bfloat16(round_to_odd(double(value)));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    constexpr To low = std::numeric_limits<To>::min();
    constexpr To high = std::numeric_limits<To>::max();
    if (!(value > From(low))) return value == value ? low : To(0);
    return value >= From(high) ? high : To(value);
  } else if constexpr (std::is_same_v<From, std::int64_t> && std::is_same_v<To, std::uint8_t>) {
    return value < 0 ? To(0) : value > 255 ? To(255) : To(value);
  } else {
    return To(value);
  }
}

// Kernels over maps are written once for f64, f32 and bf16: S is the type in memory, Compute<S> the
// type of the arithmetic.

template <class S>
using Compute = std::conditional_t<std::is_same_v<S, BFloat16>, float, S>;

template <class S>
VOXGRAD_HD Compute<S> load(S value) {
  return convert_value<Compute<S>>(value);
}

template <class S>
VOXGRAD_HD S store(Compute<S> value) {
  return convert_value<S>(value);
}

/// Calls f.template operator()<S>() with S = double, float or BFloat16; else an error.
template <class F>
decltype(auto) dispatch_floating(const char* op, DType dtype, F&& f) {
  if (dtype == DType::bf16) return f.template operator()<BFloat16>();
  if (dtype == DType::f32) return f.template operator()<float>();
  if (dtype == DType::f64) return f.template operator()<double>();
  fail("[", op, "] expects f32, f64 or bf16, got ", dtype);
}

}  // namespace voxgrad
