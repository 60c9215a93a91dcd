// cuda/conv/tensor_core/ptx.cuh for the emulated CUDA: the layouts of registers that the PTX ISA
// documents.
#pragma once

#include <bit>

#include "tests/cuda/emulation/include/cuda_runtime.h"

namespace voxgrad::cuda::ptx {

/// Element 0 or 1 of a pair of bf16.
inline float element(std::uint32_t pair, int which) {
  return std::bit_cast<float>(which == 0 ? pair << 16 : pair & 0xffff0000u);
}

inline void mma_m16n8k16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                         const float (&c)[4]) {
  struct Lane {
    const std::uint32_t *a, *b;
  };
  const Lane mine{a, b};
  float sums[4];
  emulation::with_warp(mine, [&](const auto& lanes) {
    const int lane = emulation::lane();
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
      sums[i] = c[i];
      for (int k = 0; k < 16; ++k) {
        const int t = k % 8 / 2;
        sums[i] += element(lanes[row % 8 * 4 + t]->a[k / 8 * 2 + row / 8], k % 2) *
                   element(lanes[column * 4 + t]->b[k / 8], k % 2);
      }
    }
  });
  for (int i = 0; i < 4; ++i) d[i] = sums[i];
}

inline void ldmatrix_x4(std::uint32_t (&to)[4], const void* row) {
  struct alignas(16) Row {
    std::uint32_t pairs[4];
  };
  const Row& mine = *static_cast<const Row*>(row);
  emulation::with_warp(mine, [&](const auto& lanes) {
    const int lane = emulation::lane();
    for (int j = 0; j < 4; ++j) to[j] = lanes[8 * j + lane / 4]->pairs[lane % 4];
  });
}

}  // namespace voxgrad::cuda::ptx
