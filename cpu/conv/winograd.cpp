#include "cpu/conv/winograd.h"

#include <omp.h>

#include <algorithm>
#include <vector>

#include "cpu/conv/winograd_kernels.h"
#include "cpu/parallel.h"
#include "simd/isa.h"
#include "tensor/ops/packed_weights.h"

namespace voxgrad::cpu::winograd {
namespace {

/// A map of one sample, channels last.
struct Plane {
  std::int64_t height, width, channels;
  std::int64_t size() const { return height * width * channels; }
};

/// A convolution from plane to plane, cut into tiles: the forward pass, or the gradient of the
/// input, whose padding is that of the transposed kernel.
struct Tiling {
  std::int64_t batch;
  Plane in, out;
  std::int64_t pad_high, pad_wide;
  std::int64_t high = (out.height + kTile - 1) / kTile;  // tiles of one sample
  std::int64_t wide = (out.width + kTile - 1) / kTile;

  std::int64_t tiles() const { return batch * high * wide; }
  /// Sample, first row and first column of a tile.
  Triple place(std::int64_t tile) const {
    return {tile / wide / high, tile / wide % high * kTile, tile % wide * kTile};
  }
};

Tiling tiling_of(const ConvGeometry& g, ConvDirection direction) {
  const Plane x{g.input[1], g.input[2], g.in_channels};
  const Plane y{g.output[1], g.output[2], g.out_channels};
  if (direction == ConvDirection::backward_data)
    return {g.batch, y, x, 2 - g.padding[1], 2 - g.padding[2]};
  return {g.batch, x, y, g.padding[1], g.padding[2]};
}

/// Where the channels of `side` x `side` pixels are, from (row, column) on; null beyond the plane.
template <int side>
std::array<const float*, side * side> pixels_at(const Plane& plane, const float* sample,
                                                std::int64_t row, std::int64_t column) {
  std::array<const float*, side * side> result;
  for (int i = 0; i < side; ++i)
    for (int j = 0; j < side; ++j) {
      const std::int64_t h = row + i, w = column + j;
      const bool inside = h >= 0 && h < plane.height && w >= 0 && w < plane.width;
      result[std::size_t(i * side + j)] =
          inside ? sample + (h * plane.width + w) * plane.channels : nullptr;
    }
  return result;
}

/// A stretch of a map's channels, or of other numbers.
struct Stretch {
  std::int64_t first, count;
};

void transform_input_tile(const Tiling& t, const float* x, std::int64_t tile,
                          const Stretch& channels, const Points& to) {
  const auto [sample, row, column] = t.place(tile);
  const auto pixels = pixels_at<kSide>(t.in, x + sample * t.in.size() + channels.first,
                                       row - t.pad_high, column - t.pad_wide);
  transform_input(pixels.data(), channels.count, to);
}

void transform_gradient_tile(const Tiling& t, const float* dy, std::int64_t tile,
                             const Stretch& channels, const Points& to) {
  const auto [sample, row, column] = t.place(tile);
  const auto pixels =
      pixels_at<kTile>(t.out, dy + sample * t.out.size() + channels.first, row, column);
  transform_gradient(pixels.data(), channels.count, to);
}

/// The transformed weights [points, panel, channels in, panel_width()] of a pass.
Tensor transformed_weights(const Tensor& w, const ConvGeometry& g, bool flipped) {
  constexpr std::int64_t step = 16;  // of the channels that are summed over
  const std::int64_t in = flipped ? g.out_channels : g.in_channels;
  const std::int64_t panels = (flipped ? g.in_channels : g.out_channels) / panel_width();
  const std::int64_t steps = in / step;
  const Tensor result({kPoints, panels, in, panel_width()});
  float* const u = result.data<float>();
  const Weights weights{w.data<float>(), g.out_channels, g.in_channels};
  const auto transform = flipped ? transform_flipped_weights : transform_weights;
  for_each_task(panels * steps, kPoints * step * panel_width(), [=](std::int64_t i) {
    const std::int64_t begin = i % steps * step;
    transform(weights, i / steps, begin, begin + step, u);
  });
  return result;
}

/// V and M of a block of tiles: [points, tiles, channels].
struct Block {
  std::int64_t first, tiles;
  float *v, *m;
};

/// A pass from x to y.
class Pass {
 public:
  Pass(const Tiling& tiling, const Tensor& weights, const Epilogue& epilogue, const Tensor& x,
       const Tensor& y)
      : t_(tiling),
        u_(weights.data<float>()),
        bias_(epilogue.bias.defined() ? epilogue.bias.data<float>() : nullptr),
        activation_(epilogue.activation),
        x_(x.data<float>()),
        y_(y.data<float>()),
        panels_(t_.out.channels / panel_width()) {}

  /// Weights that stay in a core's L2 are read again for every block of tiles that stays
  /// there with them. Otherwise threads share out the products of large blocks, point by point: so
  /// weights are read rarely, and the tiles of one point stay in the cache.
  void run() const {
    constexpr std::int64_t few_tiles = 96, small_weights = 1 << 20;
    const std::int64_t weight_bytes = 4 * kPoints * t_.in.channels * t_.out.channels;
    if (t_.tiles() <= few_tiles || weight_bytes > small_weights)
      run_shared();
    else
      run_private();
  }

 private:
  std::int64_t tile_elements() const { return kPoints * (t_.in.channels + t_.out.channels); }

  void run_shared() const {
    constexpr std::int64_t point_bytes = 256 * 1024;  // of V
    const std::int64_t most = std::max<std::int64_t>(96, point_bytes / (4 * t_.in.channels));
    const std::int64_t blocks = (t_.tiles() + most - 1) / most;
    const std::int64_t largest = (t_.tiles() + blocks - 1) / blocks;
    const Tensor memory({largest * tile_elements()}, DType::f32);
    for (std::int64_t i = 0; i < blocks; ++i) {
      const Block block = block_of(i, blocks, memory.data<float>());
      for_each_task(block.tiles, kPoints * t_.in.channels,
                    [&](std::int64_t tile) { transform_in(block, tile); });
      for_each_task(kPoints * panels_, t_.in.channels * panel_width() * block.tiles,
                    [&](std::int64_t j) { multiply_panel(block, j / panels_, j % panels_); });
      for_each_task(block.tiles, kPoints * t_.out.channels,
                    [&](std::int64_t tile) { transform_out(block, tile); });
    }
  }

  void run_private() const {
    constexpr std::int64_t cache = 800 * 1024, min_tiles = 12;
    const std::int64_t threads = omp_get_max_threads();
    const std::int64_t most = std::max(min_tiles, cache / (4 * tile_elements()));
    const std::int64_t rounds = (t_.tiles() + most * threads - 1) / (most * threads);
    const std::int64_t blocks = std::min(t_.tiles(), rounds * threads);
    const std::int64_t largest = (t_.tiles() + blocks - 1) / blocks;
    // Made here, as no exception may leave a thread of the loop.
    const Tensor memory({std::min(blocks, threads), largest * tile_elements()}, DType::f32);
    for_each_task(blocks, kPoints * t_.in.channels * most, [&](std::int64_t i) {
      const Block block = block_of(
          i, blocks, memory.data<float>() + omp_get_thread_num() * largest * tile_elements());
      for (std::int64_t tile = 0; tile < block.tiles; ++tile) transform_in(block, tile);
      for (std::int64_t point = 0; point < kPoints; ++point)
        for (std::int64_t panel = 0; panel < panels_; ++panel) multiply_panel(block, point, panel);
      for (std::int64_t tile = 0; tile < block.tiles; ++tile) transform_out(block, tile);
    });
  }

  Block block_of(std::int64_t i, std::int64_t blocks, float* memory) const {
    const std::int64_t first = i * t_.tiles() / blocks, end = (i + 1) * t_.tiles() / blocks;
    return {first, end - first, memory, memory + (end - first) * kPoints * t_.in.channels};
  }

  void transform_in(const Block& block, std::int64_t tile) const {
    const std::int64_t channels = t_.in.channels;
    transform_input_tile(t_, x_, block.first + tile, {0, channels},
                         {block.v + tile * channels, block.tiles * channels, channels, 0});
  }

  void multiply_panel(const Block& block, std::int64_t point, std::int64_t panel) const {
    const std::int64_t in = t_.in.channels, out = t_.out.channels;
    multiply({.left = block.v + point * block.tiles * in,
              .transposed = false,
              .right = u_ + (point * panels_ + panel) * in * panel_width(),
              .rows = block.tiles,
              .depth = in,
              .m = block.m + point * block.tiles * out + panel * panel_width(),
              .m_stride = out});
  }

  void transform_out(const Block& block, std::int64_t tile) const {
    const auto [sample, row, column] = t_.place(block.first + tile);
    const Plane& out = t_.out;
    transform_output(block.m + tile * out.channels, block.tiles * out.channels, bias_, activation_,
                     {.data = y_ + sample * out.size() + (row * out.width + column) * out.channels,
                      .row_stride = out.width * out.channels,
                      .channels = out.channels,
                      .rows = int(std::min<std::int64_t>(kTile, out.height - row)),
                      .columns = int(std::min<std::int64_t>(kTile, out.width - column))});
  }

  Tiling t_;
  const float *u_, *bias_;
  Activation activation_;
  const float* x_;
  float* y_;
  std::int64_t panels_;
};

/// The gradient of few weights: a part of the tiles and a block of dU at a time. The block stays in
/// a core's L2 beside a few transformed tiles, whose products are added to it; tiles are
/// transformed again for every block. The parts, whose number depends on the geometry alone, are
/// then added up and transformed back.
class SmallWeightGradient {
 public:
  static bool fits(const ConvGeometry& g) {
    return g.in_channels * g.out_channels <= 4 * kEdge * kEdge;
  }

  SmallWeightGradient(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw)
      : t_(tiling_of(g, ConvDirection::forward)),
        x_(x.data<float>()),
        dy_(dy.data<float>()),
        dw_(dw.data<float>()),
        across_((t_.in.channels + kEdge - 1) / kEdge),
        blocks_(across_ * ((t_.out.channels + kEdge - 1) / kEdge)),
        parts_(std::clamp<std::int64_t>(t_.tiles() / (2 * kTiles), 1, 16 / blocks_)) {}

  void run() const {
    const Tensor sums({parts_ * blocks_, kBlock}, DType::f32);
    const Tensor scratch({omp_get_max_threads(), kPoints * kTiles * 2 * kEdge}, DType::f32);
    const std::int64_t cost = kBlock * t_.tiles() / parts_;
    for_each_task(parts_ * blocks_, cost, [&](std::int64_t task) {
      float* const memory = scratch.data<float>() + omp_get_thread_num() * scratch.shape()[1];
      add_part(task / blocks_, block_of(task % blocks_), memory,
               sums.data<float>() + task * kBlock);
    });
    constexpr std::int64_t stretches = 16;
    for_each_task(blocks_ * stretches, parts_ * kBlock / stretches, [&](std::int64_t task) {
      add_up(sums.data<float>(), task / stretches,
             {task % stretches * kBlock / stretches, kBlock / stretches});
    });
    for_each_task(blocks_, kBlock, [&](std::int64_t i) {
      const WeightBlock block = block_of(i);
      const std::int64_t row = block.end - block.begin;
      transform_weight_gradient(sums.data<float>() + i * kBlock, (block.last - block.first) * row,
                                row, block, t_.in.channels, false, dw_);
    });
  }

 private:
  static constexpr std::int64_t kEdge = 64;  // of a block, in channels
  static constexpr std::int64_t kBlock = kPoints * kEdge * kEdge;
  static constexpr std::int64_t kTiles = 40;  // transformed at a time

  WeightBlock block_of(std::int64_t i) const {
    const std::int64_t j = i / across_ * kEdge, c = i % across_ * kEdge;
    return {j, std::min(j + kEdge, t_.out.channels), c, std::min(c + kEdge, t_.in.channels)};
  }

  /// du: [points, filters, channels] of the block.
  void add_part(std::int64_t part, const WeightBlock& block, float* memory, float* du) const {
    const std::int64_t begin = part * t_.tiles() / parts_, end = (part + 1) * t_.tiles() / parts_;
    const std::int64_t width = panel_width();
    const Stretch in{block.begin, block.end - block.begin};
    const Stretch out{block.first, block.last - block.first};
    float* const v = memory;
    float* const s = v + kPoints * kTiles * in.count;
    for (std::int64_t first = begin; first < end; first += kTiles) {
      const std::int64_t tiles = std::min(kTiles, end - first);
      for (std::int64_t tile = 0; tile < tiles; ++tile) {
        transform_input_tile(t_, x_, first + tile, in,
                             {v + tile * width, tiles * in.count, width, tiles * width});
        transform_gradient_tile(t_, dy_, first + tile, out,
                                {s + tile * kGroup, tiles * out.count, kGroup, tiles * kGroup});
      }
      for (std::int64_t p = 0; p < kPoints; ++p)
        for (std::int64_t c = 0; c < in.count; c += width)
          for (std::int64_t j = 0; j < out.count; j += kGroup)
            multiply({.left = s + (p * out.count + j) * tiles,
                      .transposed = true,
                      .right = v + (p * in.count + c) * tiles,
                      .rows = kGroup,
                      .depth = tiles,
                      .m = du + (p * out.count + j) * in.count + c,
                      .m_stride = in.count,
                      .add = first > begin});
    }
  }

  /// Adds all parts of a block to the first one.
  void add_up(float* sums, std::int64_t block, const Stretch& stretch) const {
    float* const total = sums + block * kBlock + stretch.first;
    for (std::int64_t part = 1; part < parts_; ++part) {
      const float* const more = total + part * blocks_ * kBlock;
#pragma omp simd
      for (std::int64_t i = 0; i < stretch.count; ++i) total[i] += more[i];
    }
  }

  Tiling t_;
  const float *x_, *dy_;
  float* dw_;
  std::int64_t across_, blocks_, parts_;
};

/// The gradient of many weights, some tiles at a time: what they add is transformed back and added
/// to dw.
class WeightGradient {
 public:
  WeightGradient(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw)
      : t_(tiling_of(g, ConvDirection::forward)),
        x_(x.data<float>()),
        dy_(dy.data<float>()),
        dw_(dw.data<float>()) {}

  void run() const {
    constexpr std::int64_t max_bytes = 32 << 20;
    const std::int64_t channels = t_.in.channels + t_.out.channels;
    const std::int64_t most = std::max<std::int64_t>(1, max_bytes / (4 * kPoints * channels));
    const std::int64_t chunks = (t_.tiles() + most - 1) / most;
    const std::int64_t largest = (t_.tiles() + chunks - 1) / chunks;
    const Tensor v({largest * kPoints * t_.in.channels}, DType::f32);
    const Tensor s({largest * kPoints * t_.out.channels}, DType::f32);
    const Tensor sums({omp_get_max_threads(), kPoints * kFilters * kChannels}, DType::f32);
    for (std::int64_t i = 0; i < chunks; ++i) {
      const std::int64_t first = i * t_.tiles() / chunks, end = (i + 1) * t_.tiles() / chunks;
      const Chunk chunk{first, end - first, v.data<float>(), s.data<float>()};
      for_each_task(chunk.tiles, kPoints * channels,
                    [&](std::int64_t tile) { transform_tile(chunk, tile); });
      const std::int64_t across = (t_.in.channels + kChannels - 1) / kChannels;
      const std::int64_t down = (t_.out.channels + kFilters - 1) / kFilters;
      for_each_task(
          across * down, kPoints * kFilters * kChannels * chunk.tiles, [&](std::int64_t task) {
            const std::int64_t j = task % down * kFilters, c = task / down * kChannels;
            add_block(chunk,
                      {j, std::min(j + kFilters, t_.out.channels), c,
                       std::min(c + kChannels, t_.in.channels)},
                      sums.data<float>() + omp_get_thread_num() * kPoints * kFilters * kChannels);
          });
    }
  }

 private:
  // Of dU, that a task computes for all points: they stay in a core's L2.
  static constexpr std::int64_t kFilters = 32, kChannels = 64;

  /// v: [points, panel of channels, tiles, panel_width()]; s, the transformed gradient: [points,
  /// group of filters, tiles, kGroup].
  struct Chunk {
    std::int64_t first, tiles;
    float *v, *s;
  };

  void transform_tile(const Chunk& chunk, std::int64_t tile) const {
    const std::int64_t width = panel_width(), tiles = chunk.tiles;
    transform_input_tile(t_, x_, chunk.first + tile, {0, t_.in.channels},
                         {chunk.v + tile * width, tiles * t_.in.channels, width, tiles * width});
    transform_gradient_tile(
        t_, dy_, chunk.first + tile, {0, t_.out.channels},
        {chunk.s + tile * kGroup, tiles * t_.out.channels, kGroup, tiles * kGroup});
  }

  void add_block(const Chunk& chunk, const WeightBlock& block, float* sums) const {
    const std::int64_t tiles = chunk.tiles, width = panel_width();
    const std::int64_t row = block.end - block.begin, point = (block.last - block.first) * row;
    for (std::int64_t p = 0; p < kPoints; ++p)
      for (std::int64_t c = block.begin; c < block.end; c += width)
        for (std::int64_t j = block.first; j < block.last; j += kGroup)
          multiply({.left = chunk.s + (p * t_.out.channels + j) * tiles,
                    .transposed = true,
                    .right = chunk.v + (p * t_.in.channels + c) * tiles,
                    .rows = kGroup,
                    .depth = tiles,
                    .m = sums + p * point + (j - block.first) * row + c - block.begin,
                    .m_stride = row});
    transform_weight_gradient(sums, point, row, block, t_.in.channels, chunk.first > 0, dw_);
  }

  Tiling t_;
  const float *x_, *dy_;
  float* dw_;
};

}  // namespace

bool supports(const ConvProblem& problem) {
  const ConvGeometry& g = problem.geometry;
  // Columns of a product come in panels, of 32 at the most.
  const bool forward = problem.direction == ConvDirection::forward;
  const std::int64_t columns = forward ? g.out_channels : g.in_channels;
  const std::int64_t others = forward ? g.in_channels : g.out_channels;
  return problem.factors == DType::f32 && problem.result == DType::f32 && g.spatial_rank == 2 &&
         g.kernel == Triple{1, 3, 3} && g.stride == Triple{1, 1, 1} && g.padding[1] <= 2 &&
         g.padding[2] <= 2 && columns % (2 * kGroup) == 0 && others % kGroup == 0;
}

bool preferred(const ConvProblem& problem, bool packed) {
  // Weights are transformed at every call where they are not packed, and gradients of weights are
  // transformed back.
  constexpr std::int64_t min_channels = 64, min_packed_pixels = 256, min_pixels = 512;
  const ConvGeometry& g = problem.geometry;
  return current_isa() != Isa::portable && g.in_channels >= min_channels &&
         g.out_channels >= min_channels &&
         g.batch * g.output_volume() >= (packed ? min_packed_pixels : min_pixels);
}

void convolve(const ConvProblem& problem, const ConvOperands& operands) {
  const ConvGeometry& g = problem.geometry;
  if (problem.direction == ConvDirection::backward_weight) {
    if (SmallWeightGradient::fits(g))
      return SmallWeightGradient(g, operands.x, operands.y, operands.w).run();
    return WeightGradient(g, operands.x, operands.y, operands.w).run();
  }
  const bool flipped = problem.direction == ConvDirection::backward_data;
  const auto transform = [&] { return transformed_weights(operands.w, g, flipped); };
  const char* const layout = flipped ? "winograd flipped" : "winograd";
  const Tensor weights = operands.packed ? operands.packed->get(layout, transform) : transform();
  Pass(tiling_of(g, problem.direction), weights, operands.epilogue,
       flipped ? operands.y : operands.x, flipped ? operands.x : operands.y)
      .run();
}

}  // namespace voxgrad::cpu::winograd
