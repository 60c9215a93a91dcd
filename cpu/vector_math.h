// f32 versions of activations and their slopes in a form that compilers vectorise: exponentials in
// plain arithmetic (relative error below 3e-7, tests/cpu), and nothing, not even a coefficient's
// load, left to a branch: GCC does not vectorise such loops, and they take twenty times as long.
// f64 keeps the functors of tensor/ops/functors.h.
#pragma once

#include <bit>

#include "tensor/ops/functors.h"

namespace voxgrad::cpu {

/// x = k ln 2 + r with |r| <= ln(2)/2; power = 2^k, small = exp(r) - 1 by its Taylor series.
struct ExponentialParts {
  float power, small;
};

/// For x in [-87, 88]; NaN gives small = NaN. lowered: power = 2^(k - lowered).
template <std::uint32_t lowered = 0>
ExponentialParts exponential_parts(float x) {
  // Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the mantissa.
  constexpr float to_integer = 0x1.8p23f;
  const float shifted = x * 0x1.715476p0f + to_integer;
  const float k = shifted - to_integer;
  // ln 2 in two parts: k times the first is exact.
  const float r = (x - k * 0x1.62e4p-1f) - k * 0x1.7f7d1cp-20f;
  const std::uint32_t exponent = std::bit_cast<std::uint32_t>(shifted) -
                                 std::bit_cast<std::uint32_t>(to_integer) + 127u - lowered;
  float series = 1.0f / 5040;
  series = series * r + 1.0f / 720;
  series = series * r + 1.0f / 120;
  series = series * r + 1.0f / 24;
  series = series * r + 1.0f / 6;
  series = series * r + 0.5f;
  return {std::bit_cast<float>(exponent << 23), series * (r * r) + r};
}

/// exp(x) - 1 for x <= 0.
inline float expm1_of_negative(float x) {
  const auto [power, small] = exponential_parts(x < -87.0f ? -87.0f : x);
  return power * small + (power - 1.0f);
}

/// exp(x), infinite from where it leaves f32 on; for large negative x 1e-37.
inline float exp_up_to_infinity(float x) {
  const float low = x < -86.0f ? -86.0f : x;
  const auto [half, small] = exponential_parts<1>(low > 89.0f ? 89.0f : low);
  return (half * small + half) * 2.0f;
}

/// exp(x) for x <= 0; 0 below f32's normal numbers.
inline float exp_of_negative(float x) {
  constexpr float least = -87.33f;
  const auto [power, small] = exponential_parts(x < least ? least : x);
  const float value = power * small + power;
  return x < least ? 0.0f : value;
}

/// functors::Activate, with vectorisable exponentials in f32.
template <ActivationKind kind, class T>
struct Activate : functors::Activate<kind, T> {};

template <>
struct Activate<ActivationKind::relu, float> {
  float alpha;
  float operator()(float x) const {
    const float positive = x > 0.0f ? x : 0.0f;
    return x != x ? x : positive;
  }
};

template <>
struct Activate<ActivationKind::leaky_relu, float> {
  float alpha;
  float operator()(float x) const {
    const float scaled = alpha * x;
    return x > 0.0f ? x : scaled;
  }
};

template <>
struct Activate<ActivationKind::elu, float> {
  float alpha;
  float operator()(float x) const {
    const float negative = alpha * expm1_of_negative(x > 0.0f ? 0.0f : x);
    return x > 0.0f ? x : negative;
  }
};

template <>
struct Activate<ActivationKind::sigmoid, float> {
  float alpha;
  float operator()(float x) const { return 1.0f / (1.0f + exp_up_to_infinity(-x)); }
};

/// functors::ActivationDerivative, likewise.
template <ActivationKind kind, class T>
struct ActivationDerivative : functors::ActivationDerivative<kind, T> {};

template <>
struct ActivationDerivative<ActivationKind::leaky_relu, float> {
  float alpha;
  float operator()(float y) const {
    const float low = alpha;
    return y > 0.0f ? 1.0f : low;
  }
};

template <>
struct ActivationDerivative<ActivationKind::elu, float> {
  float alpha;
  float operator()(float x) const {
    const float low = alpha * exp_of_negative(x > 0.0f ? 0.0f : x);
    return x > 0.0f ? 1.0f : low;
  }
};

}  // namespace voxgrad::cpu
