// Three-vectors, in float or double, as plain arrays.
#pragma once

#include <array>
#include <cmath>

namespace voxgrad {

using Vec3f = std::array<float, 3>;
using Vec3d = std::array<double, 3>;

template <class T>
using Array3 = std::array<T, 3>;

template <class T>
Array3<T> operator+(const Array3<T>& a, const Array3<T>& b) {
  return {a[0] + b[0], a[1] + b[1], a[2] + b[2]};
}

template <class T>
Array3<T> operator-(const Array3<T>& a, const Array3<T>& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}

template <class T>
Array3<T> operator*(T factor, const Array3<T>& a) {
  return {factor * a[0], factor * a[1], factor * a[2]};
}

template <class T>
T dot(const Array3<T>& a, const Array3<T>& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

template <class T>
Array3<T> cross(const Array3<T>& a, const Array3<T>& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

template <class T>
T length(const Array3<T>& a) {
  return std::sqrt(dot(a, a));
}

/// The vector of length 1; a zero vector stays zero.
template <class T>
Array3<T> normalized(const Array3<T>& a) {
  const T norm = length(a);
  return norm > 0 ? T(1) / norm * a : a;
}

}  // namespace voxgrad
