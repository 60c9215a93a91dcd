// How the CPU's kernels share work between threads. Nothing here lets the number of threads change
// a result: elementwise work has no order, and sums are cut into blocks of a fixed size.
#pragma once

#include <cstdint>

namespace voxgrad::cpu {

/// Loops over fewer elements stay on one thread: waking the others would cost more.
inline constexpr std::int64_t serial_limit = 16384;

/// body(i) for every i in [0, n), in no particular order. The bodies must not depend on each other.
template <class Body>
void for_each_index(std::int64_t n, Body body) {
#pragma omp parallel for simd schedule(static) if (parallel : n >= serial_limit)
  for (std::int64_t i = 0; i < n; ++i) body(i);
}

/// The same for bodies that loop themselves; `cost` is about how many elements one touches.
template <class Body>
void for_each_task(std::int64_t n, std::int64_t cost, Body body) {
#pragma omp parallel for schedule(static) if (n > 1 && n * cost >= serial_limit)
  for (std::int64_t i = 0; i < n; ++i) body(i);
}

/// body(begin, end) for stretches that together are [0, n), each long enough for a thread of its
/// own: for loops that are compiled for a level of simd/simd.h, as a body of one element is not.
template <class Body>
void for_each_stretch(std::int64_t n, Body body) {
  constexpr std::int64_t length = serial_limit;
  for_each_task((n + length - 1) / length, length, [&](std::int64_t i) {
    body(i * length, i * length + length < n ? i * length + length : n);
  });
}

}  // namespace voxgrad::cpu
