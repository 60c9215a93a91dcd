#include "cpu/conv/winograd.h"

#include <omp.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cpu/parallel.h"
#include "cpu/vector_math.h"

namespace voxgrad::cpu::winograd {
namespace {

constexpr int kTile = 4;                // edge of an output tile
constexpr int kEdge = kTile + 2;        // of an input tile
constexpr int kPoints = kEdge * kEdge;  // 36
constexpr int kLanes = 16;
constexpr int kPanel = 2 * kLanes;  // output channels that a product makes at a time
constexpr int kRows = 12;           // tiles that it takes at a time; 24 sums stay in registers

using Lanes [[gnu::vector_size(4 * kLanes)]] = float;

// By reference, as processors with narrower registers have no way to return Lanes.
void read(const float* from, Lanes& value) {
  __builtin_memcpy(&value, from, sizeof value);
}

void write(float* to, const Lanes& value) {
  __builtin_memcpy(to, &value, sizeof value);
}

/// out = B^T in, for any six values.
template <class V>
void to_points(const V (&in)[6], V (&out)[6]) {
  const V a = in[4] - 4.0f * in[2], b = in[3] - 4.0f * in[1];
  const V c = in[4] - in[2], d = 2.0f * (in[3] - in[1]);
  out[0] = 4.0f * in[0] - 5.0f * in[2] + in[4];
  out[1] = a + b;
  out[2] = a - b;
  out[3] = c + d;
  out[4] = c - d;
  out[5] = 4.0f * in[1] - 5.0f * in[3] + in[5];
}

/// out = A^T in.
template <class V>
void from_points(const V (&in)[6], V (&out)[4]) {
  const V a = in[1] + in[2], b = in[1] - in[2], c = in[3] + in[4], d = in[3] - in[4];
  out[0] = in[0] + a + c;
  out[1] = b + 2.0f * d;
  out[2] = a + 4.0f * c;
  out[3] = b + 8.0f * d + in[5];
}

/// out = G in.
template <class V>
void kernel_to_points(const V (&in)[3], V (&out)[kEdge]) {
  const V sum = in[0] + in[2], outer = (in[0] + 4.0f * in[2]) * (1.0f / 24),
          half = in[1] * (1.0f / 12);
  out[0] = in[0] * (1.0f / 4);
  out[1] = (sum + in[1]) * (-1.0f / 6);
  out[2] = (sum - in[1]) * (-1.0f / 6);
  out[3] = outer + half;
  out[4] = outer - half;
  out[5] = in[2];
}

/// m[row][0..kPanel) = sum over c of v[row][c] * u[c][0..kPanel), for `rows` rows.
template <int rows>
void gemm_nt(const float* v, std::int64_t channels, const float* u, float* m,
             std::int64_t m_stride) {
  Lanes sums[rows][2] = {};
  for (std::int64_t c = 0; c < channels; ++c, u += kPanel) {
    Lanes left, right;
    read(u, left);
    read(u + kLanes, right);
    for (int i = 0; i < rows; ++i) {
      const float factor = v[i * channels + c];
      sums[i][0] += factor * left;
      sums[i][1] += factor * right;
    }
  }
  for (int i = 0; i < rows; ++i) {
    write(m + i * m_stride, sums[i][0]);
    write(m + i * m_stride + kLanes, sums[i][1]);
  }
}

using MultiplyRows = void (*)(const float*, std::int64_t, const float*, float*, std::int64_t);

template <int... row>
constexpr std::array<MultiplyRows, sizeof...(row)> multiply_table(
    std::integer_sequence<int, row...>) {
  return {gemm_nt<row + 1>...};
}

/// Any number of rows, in near-equal steps of at most kRows.
void multiply(std::int64_t rows, const float* v, std::int64_t channels, const float* u, float* m,
              std::int64_t m_stride) {
  static constexpr auto table = multiply_table(std::make_integer_sequence<int, kRows>());
  for (std::int64_t steps = (rows + kRows - 1) / kRows; steps > 0; --steps) {
    const std::int64_t now = (rows + steps - 1) / steps;
    table[std::size_t(now - 1)](v, channels, u, m, m_stride);
    rows -= now;
    v += now * channels;
    m += now * m_stride;
  }
}

/// A panel's kernels of input channels [c, c + kLanes), into [points, panels, in channels, kPanel].
void transform_weights(const ConvGeometry& g, const float* w, std::int64_t panel, std::int64_t c,
                       float* result) {
  float points[kPoints][kPanel][kLanes];
  for (std::int64_t j = 0; j < kPanel; ++j) {
    const float* const from = w + (panel * kPanel + j) * 9 * g.in_channels + c;
    Lanes half[3][kEdge];  // rows first
    for (int column = 0; column < 3; ++column) {
      Lanes in[3];
      for (int i = 0; i < 3; ++i) read(from + (i * 3 + column) * g.in_channels, in[i]);
      kernel_to_points(in, half[column]);
    }
    for (int i = 0; i < kEdge; ++i) {
      const Lanes in[3] = {half[0][i], half[1][i], half[2][i]};
      Lanes out[kEdge];
      kernel_to_points(in, out);
      for (int k = 0; k < kEdge; ++k) write(points[i * kEdge + k][j], out[k]);
    }
  }
  const std::int64_t panels = g.out_channels / kPanel;
  for (std::int64_t p = 0; p < kPoints; ++p) {
    float* const to = result + ((p * panels + panel) * g.in_channels + c) * kPanel;
    for (std::int64_t lane = 0; lane < kLanes; ++lane)
      for (std::int64_t j = 0; j < kPanel; ++j) to[lane * kPanel + j] = points[p][j][lane];
  }
}

Tensor transformed(const ConvGeometry& g, const Tensor& w) {
  Tensor result({kPoints, g.out_channels / kPanel, g.in_channels, kPanel});
  const std::int64_t panels = g.out_channels / kPanel, blocks = g.in_channels / kLanes;
  for_each_task(panels * blocks, kLanes * kPanel * kPoints, [&](std::int64_t i) {
    transform_weights(g, w.data<float>(), i / blocks, i % blocks * kLanes, result.data<float>());
  });
  return result;
}

class Winograd {
 public:
  Winograd(const ConvGeometry& g, const Tensor& weights, const Epilogue& epilogue)
      : g_(g),
        bias_(epilogue.bias.defined() ? epilogue.bias : Tensor::zeros({g.out_channels})),
        activation_(epilogue.activation),
        tiles_high_((g.output[1] + kTile - 1) / kTile),
        tiles_wide_((g.output[2] + kTile - 1) / kTile),
        tiles_(g.batch * tiles_high_ * tiles_wide_),
        weights_(weights) {}

  void run(const Tensor& x, const Tensor& y) const {
    // V and M of a block fit into a core's cache. Where there are few tiles, and so more weights
    // than tiles, all of them are one block, and threads share out the products: then each weight
    // is read once.
    constexpr std::int64_t cache = 800 * 1024, few_tiles = 96;
    const std::int64_t threads = omp_get_max_threads();
    if (tiles_ <= few_tiles) {
      const Buffers all = make_buffers(tiles_);
      for_each_task(tiles_, kPoints * g_.in_channels,
                    [&](std::int64_t tile) { transform_input(x, tile, all, tile); });
      const std::int64_t panels = g_.out_channels / kPanel;
      for_each_task(kPoints * panels, g_.in_channels * kPanel * tiles_,
                    [&](std::int64_t i) { multiply_panel(i / panels, i % panels, tiles_, all); });
      for_each_task(tiles_, kPoints * g_.out_channels,
                    [&](std::int64_t tile) { transform_output(all, tile, tile, y); });
      return;
    }
    const std::int64_t tile_bytes = 4 * kPoints * (g_.in_channels + g_.out_channels);
    const std::int64_t most = std::max<std::int64_t>(kRows, cache / tile_bytes);
    const std::int64_t rounds = (tiles_ + most * threads - 1) / (most * threads);
    const std::int64_t blocks = std::min(tiles_, rounds * threads);
    // Made out here, as no exception may leave a thread of the loop.
    std::vector<Buffers> of_threads;
    for (std::int64_t i = 0; i < std::min(blocks, threads); ++i)
      of_threads.push_back(make_buffers((tiles_ + blocks - 1) / blocks));
    for_each_task(blocks, kPoints * g_.in_channels * most, [&](std::int64_t block) {
      const std::int64_t begin = block * tiles_ / blocks, end = (block + 1) * tiles_ / blocks;
      const Buffers& buffers = of_threads[std::size_t(omp_get_thread_num())];
      for (std::int64_t tile = begin; tile < end; ++tile)
        transform_input(x, tile, buffers, tile - begin);
      for (std::int64_t point = 0; point < kPoints; ++point)
        for (std::int64_t panel = 0; panel < g_.out_channels / kPanel; ++panel)
          multiply_panel(point, panel, end - begin, buffers);
      for (std::int64_t tile = begin; tile < end; ++tile)
        transform_output(buffers, tile - begin, tile, y);
    });
  }

 private:
  struct Buffers {
    Tensor v_memory, m_memory;  // [points, tiles, channels]
    float *v, *m;
    std::int64_t tiles;
  };

  Buffers make_buffers(std::int64_t tiles) const {
    Buffers buffers{Tensor({kPoints, tiles, g_.in_channels}),
                    Tensor({kPoints, tiles, g_.out_channels}), nullptr, nullptr, tiles};
    buffers.v = buffers.v_memory.data<float>();
    buffers.m = buffers.m_memory.data<float>();
    return buffers;
  }

  /// Sample, first row and first column of a tile.
  Triple place_of(std::int64_t tile) const {
    return {tile / tiles_wide_ / tiles_high_, tile / tiles_wide_ % tiles_high_ * kTile,
            tile % tiles_wide_ * kTile};
  }

  void transform_input(const Tensor& x, std::int64_t tile, const Buffers& to,
                       std::int64_t slot) const {
    const auto [sample, row, column] = place_of(tile);
    const std::int64_t height = g_.input[1], width = g_.input[2], channels = g_.in_channels;
    const float* const samples = x.data<float>() + sample * height * width * channels;
    const float* pixels[kEdge][kEdge];  // null in the padding
    for (int i = 0; i < kEdge; ++i)
      for (int j = 0; j < kEdge; ++j) {
        const std::int64_t h = row + i - g_.padding[1], w = column + j - g_.padding[2];
        const bool inside = h >= 0 && h < height && w >= 0 && w < width;
        pixels[i][j] = inside ? samples + (h * width + w) * channels : nullptr;
      }
    float* const out = to.v + slot * channels;
    const std::int64_t stride = to.tiles * channels;
    for (std::int64_t c = 0; c < channels; c += kLanes) {
      Lanes half[kEdge][kEdge];  // columns first: half[j][i]
      for (int i = 0; i < kEdge; ++i) {
        Lanes in[kEdge], points[kEdge];
        for (int j = 0; j < kEdge; ++j) {
          in[j] = Lanes{};
          if (pixels[i][j]) read(pixels[i][j] + c, in[j]);
        }
        to_points(in, points);
        for (int j = 0; j < kEdge; ++j) half[j][i] = points[j];
      }
      for (int j = 0; j < kEdge; ++j) {
        Lanes points[kEdge];
        to_points(half[j], points);
        for (int i = 0; i < kEdge; ++i) write(out + (i * kEdge + j) * stride + c, points[i]);
      }
    }
  }

  void multiply_panel(std::int64_t point, std::int64_t panel, std::int64_t tiles,
                      const Buffers& buffers) const {
    const std::int64_t in = g_.in_channels, out = g_.out_channels;
    const float* const u = weights_.data<float>() + (point * (out / kPanel) + panel) * in * kPanel;
    multiply(tiles, buffers.v + point * buffers.tiles * in, in, u,
             buffers.m + point * buffers.tiles * out + panel * kPanel, out);
  }

  void transform_output(const Buffers& from, std::int64_t slot, std::int64_t tile,
                        const Tensor& y) const {
    const auto [sample, row, column] = place_of(tile);
    const std::int64_t channels = g_.out_channels, width = g_.output[2];
    const int rows = int(std::min<std::int64_t>(kTile, g_.output[1] - row));
    const int columns = int(std::min<std::int64_t>(kTile, width - column));
    float* const out =
        y.data<float>() + ((sample * g_.output[1] + row) * width + column) * channels;
    const float* const in = from.m + slot * channels;
    const float* const bias = bias_.data<float>();
    const std::int64_t stride = from.tiles * channels;
    dispatch_activation(activation_.kind, [&]<ActivationKind kind>() {
      const Activate<kind, float> activate{float(activation_.alpha)};
      for (std::int64_t c = 0; c < channels; c += kLanes) {
        Lanes half[kTile][kEdge];
        for (int j = 0; j < kEdge; ++j) {
          Lanes points[kEdge], sums[kTile];
          for (int i = 0; i < kEdge; ++i) read(in + (i * kEdge + j) * stride + c, points[i]);
          from_points(points, sums);
          for (int i = 0; i < kTile; ++i) half[i][j] = sums[i];
        }
        Lanes shift;
        read(bias + c, shift);
        for (int i = 0; i < rows; ++i) {
          Lanes sums[kTile];
          from_points(half[i], sums);
          for (int j = 0; j < columns; ++j) {
            float values[kLanes];
            write(values, sums[j] + shift);
            float* const to = out + (i * width + j) * channels + c;
#pragma omp simd
            for (int l = 0; l < kLanes; ++l) to[l] = activate(values[l]);
          }
        }
      }
    });
  }

  ConvGeometry g_;
  Tensor bias_;
  Activation activation_;
  std::int64_t tiles_high_, tiles_wide_, tiles_;
  Tensor weights_;  // [points, panels, in channels, kPanel]
};

}  // namespace

bool supports(const ConvGeometry& g) {
  return g.spatial_rank == 2 && g.kernel == Triple{1, 3, 3} && g.stride == Triple{1, 1, 1} &&
         g.padding[1] <= 1 && g.padding[2] <= 1 && g.in_channels % kLanes == 0 &&
         g.out_channels % kPanel == 0;
}

bool preferred(const ConvGeometry& g) {
#ifdef __AVX512F__
  constexpr std::int64_t min_channels = 64, min_tiles = 16;
  return supports(g) && g.in_channels >= min_channels &&
         g.batch * g.output_volume() >= min_tiles * kTile * kTile;
#else
  return g.batch < 0;
#endif
}

bool preferred_unprepared(const ConvGeometry& g) {
  constexpr std::int64_t min_pixels = 2048;
  return preferred(g) && g.batch * g.output_volume() >= min_pixels;
}

void convolve(const ConvProblem& problem, const ConvOperands& operands) {
  const ConvGeometry& g = problem.geometry;
  const auto transform = [&] { return transformed(g, operands.w); };
  const Tensor weights =
      operands.packed ? operands.packed->get("winograd", transform) : transform();
  Winograd(g, weights, operands.epilogue).run(operands.x, operands.y);
}

}  // namespace voxgrad::cpu::winograd
