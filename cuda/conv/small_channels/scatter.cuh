// scatter of small_channels.h: backward_data at stride 2, where pixels of the result fall into
// eight kinds, by the parities of their coordinates.
#pragma once

#include "cuda/conv/small_channels/gather.cuh"

namespace voxgrad::cuda::small_channels {

/// As GatherShape. pixels: of the source; they make twice as many of the result along the depth.
template <int source_channels_, int result_channels_, int pixels_, int chunk_>
struct ScatterShape {
  static constexpr int source_channels = source_channels_, result_channels = result_channels_,
                       pixels = pixels_, chunk = chunk_, kernel = 4;
  static constexpr int padded_channels = padded(result_channels), cells = 64, threads = 4 * cells;
  static constexpr int planes = pixels + 2;
  static constexpr int area = 180;
  static constexpr int tile = chunk * planes * area;
  static constexpr int staged_planes =
      staged(2 * pixels, threads* stage_pitch(result_channels), tile + 2048);
  static constexpr int stage = staged_planes * threads * stage_pitch(result_channels);
  static constexpr int memory = tile > stage ? tile : stage;
  static constexpr int weights = chunk * kernel * kernel * kernel * padded_channels;
  static_assert(source_channels % chunk == 0 && 4 * (memory + weights + threads) <= static_limit);

  static bool matches(const ConvSides& v) {
    return v.source_channels == source_channels && v.result_channels == result_channels &&
           v.kernel == kernel && v.stride == 2 && v.transposed && v.padding[0] == 1 &&
           v.padding[1] == 1 && v.padding[2] == 1;
  }
};

using Scatters = Instances<ScatterShape<32, 1, 8, 4>, ScatterShape<32, 8, 4, 4>>;

/// Half the result's extents, rounded up: the pixels from which a block's results are counted.
struct Cells {
  int extent[3];
  explicit Cells(const ConvSides& v) {
    for (int axis = 0; axis < 3; ++axis) extent[axis] = (v.result[axis] + 1) / 2;
  }
};

/// Of the result pixel 2q + r along an axis, tap k = 3 - r - 2a shows the source at q + r - 1 + a,
/// for a = 0 and 1.
template <class Shape, class T>
__global__ void __launch_bounds__(Shape::threads)
    scatter(ConvSides v, Cells cells, Cut cut, Maps<T> maps) {
  constexpr int source_channels = Shape::source_channels, result_channels = Shape::result_channels,
                pixels = Shape::pixels, chunk = Shape::chunk,
                padded_channels = Shape::padded_channels, kernel = 4;
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
  const int first_depth = part.depth * pixels;

  const int pitch = cut.width + 2;
  const Box box{{first_depth - 1, part.first_row - 1, part.first_column - 1},
                {planes, part.rows + 2, pitch}};
  const T* sample = maps.source + part.sample * v.source[0] * v.source[1] * v.source[2] *
                                      std::int64_t(source_channels);
  const int offset = pixel.inside ? (pixel.row + parity_h) * pitch + pixel.column + parity_w : 0;

  float sum[2 * pixels][result_channels] = {};
#pragma unroll 1
  for (int channel = 0; channel < source_channels; channel += chunk) {
    if (channel > 0) __syncthreads();
    fill_planar<source_channels, chunk, 1>(memory, Shape::area, pitch, box, v.source, sample,
                                           channel, maps.packed);
    fill_weights<source_channels, result_channels, padded_channels, kernel, chunk>(
        weights, maps.w, channel, true, false);
    __syncthreads();
#pragma unroll 1
    for (int c = 0; c < chunk; ++c)
#pragma unroll 1
      for (int ah = 0; ah < 2; ++ah)
#pragma unroll 1
        for (int aw = 0; aw < 2; ++aw) {
          const float* from = memory + c * planes * Shape::area + offset + ah * pitch + aw;
          const int kh = 3 - parity_h - 2 * ah, kw = 3 - parity_w - 2 * aw;
          const float* weight =
              weights + ((c * kernel + kh) * kernel + kw) * kernel * padded_channels;
          float x[planes];
#pragma unroll
          for (int j = 0; j < planes; ++j) x[j] = from[j * Shape::area];
          float w[kernel * padded_channels];
          load_floats(weight, w);
#pragma unroll
          for (int parity_d = 0; parity_d < 2; ++parity_d)
#pragma unroll
            for (int ad = 0; ad < 2; ++ad)
#pragma unroll
              for (int p = 0; p < pixels; ++p)
#pragma unroll
                for (int r = 0; r < result_channels; ++r)
                  sum[2 * p + parity_d][r] +=
                      x[p + parity_d + ad] * w[(3 - parity_d - 2 * ad) * padded_channels + r];
        }
  }
  store_sums<result_channels, 2 * pixels, Shape::staged_planes, Shape::threads>(
      memory, sum, slot, places, maps, part.sample, 2 * first_depth, v.result);
}

}  // namespace voxgrad::cuda::small_channels
