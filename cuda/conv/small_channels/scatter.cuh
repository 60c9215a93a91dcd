// scatter of small_channels.h: backward_data at stride 2, where pixels of the result fall into
// eight kinds, by the parities of their coordinates.
#pragma once

#include "cuda/conv/small_channels/gather.cuh"

namespace voxgrad::cuda::small_channels {

/// As GatherShape; P pixels of the source, 2P of the result.
template <int S_, int R_, int P_, int C_>
struct ScatterShape {
  static constexpr int S = S_, R = R_, P = P_, C = C_, K = 4;
  static constexpr int RP = padded(R), cells = 64, threads = 4 * cells;
  static constexpr int planes = P + 2;
  static constexpr int area = 180;
  static constexpr int tile = C * planes * area;
  static constexpr int staged_planes = staged(2 * P, threads* stage_pitch(R), tile + 2048);
  static constexpr int stage = staged_planes * threads * stage_pitch(R);
  static constexpr int memory = tile > stage ? tile : stage;
  static constexpr int weights = C * K * K * K * RP;
  static_assert(S % C == 0 && 4 * (memory + weights + threads) <= static_limit);

  static bool matches(const View& v) {
    return v.source_channels == S && v.result_channels == R && v.kernel == K && v.stride == 2 &&
           v.transposed && v.padding[0] == 1 && v.padding[1] == 1 && v.padding[2] == 1;
  }
};

using Scatters = Instances<ScatterShape<32, 1, 8, 4>, ScatterShape<32, 8, 4, 4>>;

/// Half the result's extents, rounded up: the pixels from which a block's results are counted.
struct Cells {
  int extent[3];
  explicit Cells(const View& v) {
    for (int axis = 0; axis < 3; ++axis) extent[axis] = (v.result[axis] + 1) / 2;
  }
};

/// Of the result pixel 2q + r along an axis, tap k = 3 - r - 2a shows the source at q + r - 1 + a,
/// for a = 0 and 1.
template <class Shape, class T>
__global__ void __launch_bounds__(Shape::threads)
    scatter(View v, Cells cells, Cut cut, Maps<T> maps) {
  constexpr int S = Shape::S, R = Shape::R, P = Shape::P, C = Shape::C, RP = Shape::RP, K = 4;
  constexpr int planes = Shape::planes;
  alignas(16) __shared__ float memory[Shape::memory];
  alignas(16) __shared__ float weights[Shape::weights];
  __shared__ int places[Shape::threads];
  const Part part(cut, cells.extent, Shape::cells);

  // Two warps have the same parity, and so the same weights.
  const int cell = int(threadIdx.x) % Shape::cells, parity = int(threadIdx.x) / Shape::cells;
  const int parity_h = parity / 2, parity_w = parity % 2;
  const Part::Pixel pixel = part.pixel(cell);
  // Staged so that the results of a row are adjacent.
  const int slot = (parity_h * Shape::cells + cell) * 2 + parity_w;
  const int result_row = 2 * (part.first_row + pixel.row) + parity_h;
  const int result_width = 2 * (part.first_column + pixel.column) + parity_w;
  places[slot] = pixel.inside && result_row < v.result[1] && result_width < v.result[2]
                     ? result_row * v.result[2] + result_width
                     : -1;
  const int first_depth = part.depth * P;

  const int pitch = cut.width + 2;
  const Box box{{first_depth - 1, part.first_row - 1, part.first_column - 1},
                {planes, part.rows + 2, pitch}};
  const T* sample =
      maps.source + part.sample * v.source[0] * v.source[1] * v.source[2] * std::int64_t(S);
  const int offset = pixel.inside ? (pixel.row + parity_h) * pitch + pixel.column + parity_w : 0;

  float sum[2 * P][R] = {};
#pragma unroll 1
  for (int channel = 0; channel < S; channel += C) {
    if (channel > 0) __syncthreads();
    fill_planar<S, C, 1>(memory, Shape::area, pitch, box, v.source, sample, channel, maps.packed);
    fill_weights<S, R, RP, K, C>(weights, maps.w, channel, true, false);
    __syncthreads();
#pragma unroll 1
    for (int c = 0; c < C; ++c)
#pragma unroll 1
      for (int ah = 0; ah < 2; ++ah)
#pragma unroll 1
        for (int aw = 0; aw < 2; ++aw) {
          const float* from = memory + c * planes * Shape::area + offset + ah * pitch + aw;
          const int kh = 3 - parity_h - 2 * ah, kw = 3 - parity_w - 2 * aw;
          const float* weight = weights + ((c * K + kh) * K + kw) * K * RP;
          float x[planes];
#pragma unroll
          for (int j = 0; j < planes; ++j) x[j] = from[j * Shape::area];
          float w[K * RP];
          load_floats(weight, w);
#pragma unroll
          for (int parity_d = 0; parity_d < 2; ++parity_d)
#pragma unroll
            for (int ad = 0; ad < 2; ++ad)
#pragma unroll
              for (int p = 0; p < P; ++p)
#pragma unroll
                for (int r = 0; r < R; ++r)
                  sum[2 * p + parity_d][r] +=
                      x[p + parity_d + ad] * w[(3 - parity_d - 2 * ad) * RP + r];
        }
  }
  store_sums<R, 2 * P, Shape::staged_planes, Shape::threads>(
      memory, sum, slot, places, maps, part.sample, 2 * first_depth, v.result);
}

}  // namespace voxgrad::cuda::small_channels
