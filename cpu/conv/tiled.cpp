// cpu/conv/phases.h has the geometry.
#include "cpu/conv/tiled.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/conv/tiled.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "cpu/conv/phases.h"
#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::tiled::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// A tile has kPixels rows and kLanes<T> columns of 64 bytes. Its sums take 12 of the 16
// or 32 registers, 24 on Arm.
constexpr int kTileBytes = 64;
constexpr int kPixels = HWY_TARGET == HWY_AVX3 ? 12 : HWY_TARGET == HWY_SSSE3 ? 3 : 6;
template <class T>
constexpr int kLanes = kTileBytes / int(sizeof(T));

template <class T>
struct Tile {
  using Tag = hn::CappedTag<T, kLanes<T>>;
  static constexpr int vector_lanes = HWY_MIN(int(HWY_LANES(T)), kLanes<T>);
  static constexpr int vectors = kLanes<T> / vector_lanes;
  hn::Vec<Tag> sum[kPixels][vectors];

  HWY_INLINE void clear() {
    for (int i = 0; i < kPixels; ++i)
      for (int j = 0; j < vectors; ++j) sum[i][j] = hn::Zero(Tag());
  }
  /// sum[i][j] += rows[i][c] * lanes[j]; lanes are aligned to a tile's row.
  HWY_INLINE void add_product(const T* const* rows, std::int64_t c, const T* lanes) {
    hn::Vec<Tag> right[vectors];
    for (int j = 0; j < vectors; ++j) right[j] = hn::Load(Tag(), lanes + j * vector_lanes);
    for (int i = 0; i < kPixels; ++i) {
      const hn::Vec<Tag> left = hn::Set(Tag(), rows[i][c]);
      for (int j = 0; j < vectors; ++j) sum[i][j] = hn::MulAdd(left, right[j], sum[i][j]);
    }
  }
  /// sum[i][j] += column[i] * lanes[j].
  HWY_INLINE void add_product(const T* column, const T* lanes) {
    hn::Vec<Tag> right[vectors];
    for (int j = 0; j < vectors; ++j) right[j] = hn::Load(Tag(), lanes + j * vector_lanes);
    for (int i = 0; i < kPixels; ++i) {
      const hn::Vec<Tag> left = hn::Set(Tag(), column[i]);
      for (int j = 0; j < vectors; ++j) sum[i][j] = hn::MulAdd(left, right[j], sum[i][j]);
    }
  }
  HWY_INLINE void store(T (*to)[kLanes<T>]) const {
    for (int i = 0; i < kPixels; ++i)
      for (int j = 0; j < vectors; ++j) hn::Store(sum[i][j], Tag(), to[i] + j * vector_lanes);
  }
};

/// How one direction reads the weights w[f,k,c]: as [tap, source channel, result channel].
struct WeightView {
  std::int64_t source_channels, result_channels;
  std::int64_t tap_stride, source_stride, result_stride;
};

/// A phase's weights as [result tile][tap][source channel][kLanes], padded with zeros.
template <class T>
Tensor pack_weights(const Phase& phase, const WeightView& view, const T* w) {
  constexpr std::int64_t lanes = kLanes<T>;
  const std::int64_t tiles = (view.result_channels + lanes - 1) / lanes;
  const std::int64_t taps = std::int64_t(phase.taps.size());
  const Tensor packed({tiles, taps, view.source_channels, lanes}, dtype_of<T>);
  T* const out = packed.data<T>();
  for_each_task(tiles * taps, view.source_channels * lanes, [&](std::int64_t task) {
    const std::int64_t begin = task / taps * lanes;
    const T* from = w + phase.taps[std::size_t(task % taps)] * view.tap_stride;
    T* to = out + task * view.source_channels * lanes;
    for (std::int64_t c = 0; c < view.source_channels; ++c)
      for (std::int64_t j = begin; j < begin + lanes; ++j)
        *to++ =
            j < view.result_channels ? from[c * view.source_stride + j * view.result_stride] : T(0);
  });
  return packed;
}

template <class T>
void run_phase(const Phase& phase, const WeightView& view, const T* source, const T* w,
               const T* bias, T* result) {
  constexpr std::int64_t lanes = kLanes<T>;
  const std::int64_t pixels = phase.pixels.shape()[0];
  const std::int64_t pixel_tiles = (pixels + kPixels - 1) / kPixels;
  const std::int64_t channel_tiles = (view.result_channels + lanes - 1) / lanes;
  const std::int64_t panel_size = std::int64_t(phase.taps.size()) * view.source_channels * lanes;
  const Tensor packed = pack_weights(phase, view, w);
  const T* const panels = packed.data<T>();
  const std::int64_t* const places = phase.pixels.data<std::int64_t>();
  for_each_task(pixel_tiles * channel_tiles, kPixels * panel_size, [&](std::int64_t task) HWY_ATTR {
    const std::int64_t first = task % pixel_tiles * kPixels;
    const std::int64_t tile = task / pixel_tiles;
    const T* pixel[kPixels];  // past the end, the last one again: its sums are not used
    for (int i = 0; i < kPixels; ++i)
      pixel[i] = source + places[2 * std::min(first + i, pixels - 1)];
    const T* panel = panels + tile * panel_size;
    Tile<T> tile_sums;
    tile_sums.clear();
    for (const Run& run : phase.runs)
      for (std::int64_t c = run.offset; c < run.offset + run.length; ++c, panel += lanes)
        tile_sums.add_product(pixel, c, panel);
    alignas(kTileBytes) T sums[kPixels][lanes];
    tile_sums.store(sums);

    const std::int64_t channel = tile * lanes;
    const std::int64_t width = std::min(lanes, view.result_channels - channel);
    for (std::int64_t i = 0; i < std::min<std::int64_t>(kPixels, pixels - first); ++i) {
      T* out = result + places[2 * (first + i) + 1] + channel;
      for (std::int64_t j = 0; j < width; ++j)
        out[j] = sums[i][j] + (bias ? bias[channel + j] : T(0));
    }
  });
}

void run_phases(const PhasePlan& plan, const WeightView& view, const Tensor& source,
                const Tensor& w, const Epilogue& epilogue, const Tensor& result) {
  dispatch_float("conv", source.dtype(), [&]<class T>() {
    const Tensor bordered = plan.with_border(source);
    const T* const bias = epilogue.bias.defined() ? epilogue.bias.data<T>() : nullptr;
    for (const Phase& phase : plan.phases)
      run_phase(phase, view, bordered.data<T>(), w.data<T>(), bias, result.data<T>());
  });
  if (epilogue.activation.kind != ActivationKind::identity)
    elementwise_ops().activation(epilogue.activation, result, result);
}

void forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Epilogue& epilogue,
             const Tensor& y) {
  const WeightView view{g.in_channels, g.out_channels, g.in_channels, 1,
                        g.kernel_volume() * g.in_channels};
  run_phases(PhasePlan::forward(g), view, x, w, epilogue, y);
}

void backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                   const Epilogue& epilogue, const Tensor& dx) {
  const WeightView view{g.out_channels, g.in_channels, g.in_channels,
                        g.kernel_volume() * g.in_channels, 1};
  run_phases(PhasePlan::backward_data(g), view, dy, w, epilogue, dx);
}

/// dy [pixels, F] as [tile of kPixels channels][pixel][kPixels], padded with zeros.
template <class T>
Tensor pack_gradient(const T* dy, std::int64_t pixels, std::int64_t channels) {
  const std::int64_t tiles = (channels + kPixels - 1) / kPixels;
  const Tensor packed({tiles, pixels, kPixels}, dtype_of<T>);
  T* const out = packed.data<T>();
  for_each_task(tiles, pixels * kPixels, [=](std::int64_t tile) {
    T* to = out + tile * pixels * kPixels;
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel)
      for (std::int64_t f = tile * kPixels; f < (tile + 1) * kPixels; ++f)
        *to++ = f < channels ? dy[pixel * channels + f] : T(0);
  });
  return packed;
}

/// dw[f, run] = sum over pixels p of dy[p,f] * x[p's run]. The runs of the forward phase hold the
/// taps in order, so they are stretches of dw too. One task makes all f of a few tiles of one run,
/// adding the pixels in order.
template <class T>
void backward_weight_typed(const ConvGeometry& g, const T* x, const Phase& phase, const T* dy,
                           T* dw) {
  constexpr std::int64_t lanes = kLanes<T>;
  constexpr std::int64_t pixel_block = 256;
  constexpr std::int64_t tiles_per_task = 3;  // they share what is loaded of dy
  struct Stretch {
    std::int64_t offset, length, column;  // in x seen from a pixel, and in a row of dw
  };
  std::vector<Stretch> tasks;
  std::int64_t column = 0;
  for (const Run& run : phase.runs)
    for (std::int64_t begin = 0; begin < run.length; begin += tiles_per_task * lanes) {
      const std::int64_t length = std::min(tiles_per_task * lanes, run.length - begin);
      tasks.push_back({run.offset + begin, length, column});
      column += length;
    }
  const std::int64_t columns = column;
  const std::int64_t pixels = phase.pixels.shape()[0];
  const std::int64_t* const places = phase.pixels.data<std::int64_t>();
  const Tensor packed = pack_gradient(dy, pixels, g.out_channels);
  const T* const gradients = packed.data<T>();
  for_each_task(std::int64_t(tasks.size()), pixels * g.out_channels * lanes,
                [&](std::int64_t i) HWY_ATTR {
                  const Stretch& task = tasks[std::size_t(i)];
                  alignas(kTileBytes) T panel[tiles_per_task][pixel_block][kLanes<T>] = {};
                  for (std::int64_t begin = 0; begin < pixels; begin += pixel_block) {
                    const std::int64_t count = std::min(pixel_block, pixels - begin);
                    for (std::int64_t p = 0; p < count; ++p) {
                      const T* from = x + places[2 * (begin + p)] + task.offset;
                      for (std::int64_t j = 0; j < task.length; j += lanes) {
                        T* to = panel[j / lanes][p];
                        if (task.length - j >= lanes)
                          std::copy_n(from + j, lanes, to);
                        else
                          std::copy_n(from + j, task.length - j, to);
                      }
                    }
                    for (std::int64_t f = 0; f < g.out_channels; f += kPixels) {
                      const T* gradient = gradients + (f / kPixels * pixels + begin) * kPixels;
                      for (std::int64_t j = 0; j < task.length; j += lanes) {
                        Tile<T> tile_sums;
                        tile_sums.clear();
                        for (std::int64_t p = 0; p < count; ++p)
                          tile_sums.add_product(gradient + p * kPixels, panel[j / lanes][p]);
                        alignas(kTileBytes) T sums[kPixels][lanes];
                        tile_sums.store(sums);
                        for (std::int64_t k = 0;
                             k < std::min<std::int64_t>(kPixels, g.out_channels - f); ++k) {
                          T* out = dw + (f + k) * columns + task.column + j;
                          for (std::int64_t l = 0; l < std::min(lanes, task.length - j); ++l)
                            out[l] = sums[k][l] + (begin > 0 ? out[l] : T(0));
                        }
                      }
                    }
                  }
                });
}

void backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
  dispatch_float("conv_backward_weight", x.dtype(), [&]<class T>() {
    const PhasePlan plan = PhasePlan::forward(g);
    const Tensor bordered = plan.with_border(x);
    backward_weight_typed(g, bordered.data<T>(), plan.phases.front(), dy.data<T>(), dw.data<T>());
  });
}

void convolve_impl(const ConvProblem& problem, const ConvOperands& operands) {
  const auto& [x, w, y, epilogue, packed] = operands;
  switch (problem.direction) {
    case ConvDirection::forward:
      return forward(problem.geometry, x, w, epilogue, y);
    case ConvDirection::backward_data:
      return backward_data(problem.geometry, y, w, epilogue, x);
    default:
      return backward_weight(problem.geometry, x, y, w);
  }
}

}  // namespace
}  // namespace voxgrad::cpu::tiled::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu::tiled {

HWY_EXPORT(convolve_impl);

void convolve(const ConvProblem& problem, const ConvOperands& operands) {
  HWY_DYNAMIC_DISPATCH(convolve_impl)(problem, operands);
}

}  // namespace voxgrad::cpu::tiled
#endif
