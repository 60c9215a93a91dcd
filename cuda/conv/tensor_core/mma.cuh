// Products of small matrices by a warp's tensor cores: A [16][16] times B [16][8] of bf16, added to
// C [16][8] in f32. All lanes of a warp call these functions together.
//
// A lane l, with g = l / 4 and t = l % 4, holds pairs of neighbours along k, the first in the lower
// half of a word, and four sums:
//
//   A  rows g, g+8, g, g+8 at k = 2t, 2t, 2t+8, 2t+8
//   B  column g at k = 2t, 2t+8
//   C  row g at columns 2t, 2t+1; row g+8 at columns 2t, 2t+1
#pragma once

#include "cuda/conv/tensor_core/ptx.cuh"

namespace voxgrad::cuda::mma {

struct A {
  std::uint32_t pairs[4];
};
struct B {
  std::uint32_t pairs[2];
};
struct C {
  float sums[4];
};

/// A B + C.
__device__ inline C multiply(const A& a, const B& b, const C& c) {
  C d;
  ptx::mma_m16n8k16(d.sums, a.pairs, b.pairs, c.sums);
  return d;
}

/// A from shared memory. Each lane gives the address, a multiple of 16, of eight elements: those of
/// row lane % 16 from k = lane / 16 * 8 on.
__device__ inline A load_a(const void* row) {
  A a;
  ptx::ldmatrix_x4(a.pairs, row);
  return a;
}

/// The place of B's element among all lanes' elements, lane after lane.
constexpr int place_in_b(int k, int column) {
  return ((column * 4 + k % 8 / 2) * 2 + k / 8) * 2 + k % 2;
}

}  // namespace voxgrad::cuda::mma
