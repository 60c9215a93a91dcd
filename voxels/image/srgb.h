// The transfer curve of sRGB (IEC 61966-2-1) between stored colours and linear light, in 0..1.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace voxgrad {

template <class T>
T linear_from_srgb(T c) {
  return c <= T(0.04045) ? c / T(12.92) : std::pow((c + T(0.055)) / T(1.055), T(2.4));
}

template <class T>
T srgb_from_linear(T c) {
  return c <= T(0.0031308) ? T(12.92) * c : T(1.055) * std::pow(c, T(1 / 2.4)) - T(0.055);
}

/// The 8-bit sRGB value of linear light, which is clipped to 0..1.
template <class T>
std::uint8_t srgb_byte(T c) {
  return std::uint8_t(std::lround(255 * srgb_from_linear(std::clamp(c, T(0), T(1)))));
}

}  // namespace voxgrad
