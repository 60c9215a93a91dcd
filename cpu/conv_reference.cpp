// Convolution in loops, f32 and f64: what oneDNN and CUDA are held against, and what f64 runs on.
//
// Forward and backward_data are one computation. A pixel of the result sees, through each tap of
// the kernel, one pixel of the source, or padding:
//
//   result[p, j] = sum over taps t, channels c of source[pixel(p, t), c] * w[t, c, j]
//
// Forward, pixel(o, k) = o*stride + k - padding. Backward_data, pixel(i, k) = (i + padding - k) /
// stride, for those k that leave no remainder. Which k these are depends on i modulo stride alone,
// so the result is computed phase by phase: each phase is a convolution of its own without stride.
#include <algorithm>
#include <vector>

#include "cpu/kernels.h"
#include "cpu/parallel.h"

namespace voxgrad::cpu {
namespace {

// Products are made in tiles of kPixels x kLanes<T> sums that stay in registers: 6 x 2 vectors.
constexpr int kPixels = 6;
constexpr int kVectors = 2;
constexpr int kVectorBytes = 32;
template <class T>
constexpr int kLanes = kVectors* kVectorBytes / int(sizeof(T));

template <class T>
struct Tile {
  // Compilers leave plain loops over the tile in memory; with vector types they keep registers.
  using Vector [[gnu::vector_size(kVectorBytes)]] = T;
  Vector sum[kPixels][kVectors] = {};

  /// sum[i][j] += column[i] * row[j]; row is aligned to its vectors.
  template <class Column>
  void add_product(Column column, const T* row) {
    const Vector* lanes = reinterpret_cast<const Vector*>(row);
    for (int i = 0; i < kPixels; ++i)
      for (int j = 0; j < kVectors; ++j) sum[i][j] += column(i) * lanes[j];
  }
  T at(std::int64_t i, std::int64_t j) const {
    constexpr int lanes = kLanes<T> / kVectors;
    return sum[i][j / lanes][j % lanes];
  }
};

struct Tap {
  std::int64_t index;   // along its axis of the kernel
  std::int64_t offset;  // source position = step * source_step + offset
};

/// One axis of one phase: the results first, first + step, ... and what they see.
struct Axis {
  std::int64_t count, first, step;  // of the result's positions
  std::int64_t source_step, source_extent, result_extent;
  std::vector<Tap> taps;
};
using Phase = std::array<Axis, 3>;

Phase forward_phase(const ConvGeometry& g) {
  Phase phase;
  for (int a = 0; a < 3; ++a) {
    phase[a] = {g.output[a], 0, 1, g.stride[a], g.input[a], g.output[a], {}};
    for (std::int64_t k = 0; k < g.kernel[a]; ++k) phase[a].taps.push_back({k, k - g.padding[a]});
  }
  return phase;
}

std::vector<Phase> backward_phases(const ConvGeometry& g) {
  std::array<std::vector<Axis>, 3> axes;
  for (int a = 0; a < 3; ++a) {
    for (std::int64_t first = 0; first < std::min(g.stride[a], g.input[a]); ++first) {
      const std::int64_t count = (g.input[a] - first + g.stride[a] - 1) / g.stride[a];
      Axis axis{count, first, g.stride[a], 1, g.output[a], g.input[a], {}};
      for (std::int64_t k = 0; k < g.kernel[a]; ++k) {
        const std::int64_t distance = first + g.padding[a] - k;
        if (distance % g.stride[a] == 0) axis.taps.push_back({k, distance / g.stride[a]});
      }
      axes[a].push_back(axis);
    }
  }
  std::vector<Phase> phases;
  for (const Axis& depth : axes[0])
    for (const Axis& height : axes[1])
      for (const Axis& width : axes[2]) phases.push_back({depth, height, width});
  return phases;
}

/// The pixels and taps of a phase, numbered.
class PhaseIndex {
 public:
  explicit PhaseIndex(const Phase& phase) : phase_(phase) {}

  std::int64_t pixels() const { return phase_[0].count * phase_[1].count * phase_[2].count; }
  std::int64_t taps() const {
    return std::int64_t(phase_[0].taps.size() * phase_[1].taps.size() * phase_[2].taps.size());
  }
  /// Pixel of the result tensor, over all samples.
  std::int64_t result(std::int64_t sample, std::int64_t pixel) const {
    const Triple at = place(pixel);
    std::int64_t index = sample;
    for (int a = 0; a < 3; ++a)
      index = index * phase_[a].result_extent + phase_[a].first + at[a] * phase_[a].step;
    return index;
  }
  /// Pixel of the source tensor that a pixel sees through a tap; -1 in the padding.
  std::int64_t source(std::int64_t sample, std::int64_t pixel, std::int64_t tap) const {
    const Triple at = place(pixel);
    const std::array<const Tap*, 3> through = taps_of(tap);
    std::int64_t index = sample;
    for (int a = 0; a < 3; ++a) {
      const std::int64_t position = at[a] * phase_[a].source_step + through[a]->offset;
      if (position < 0 || position >= phase_[a].source_extent) return -1;
      index = index * phase_[a].source_extent + position;
    }
    return index;
  }
  /// The tap's place in the kernel.
  std::int64_t kernel_index(const Triple& kernel, std::int64_t tap) const {
    const std::array<const Tap*, 3> t = taps_of(tap);
    return (t[0]->index * kernel[1] + t[1]->index) * kernel[2] + t[2]->index;
  }

 private:
  Triple place(std::int64_t pixel) const {
    const std::int64_t row = pixel / phase_[2].count;
    return {row / phase_[1].count, row % phase_[1].count, pixel % phase_[2].count};
  }
  std::array<const Tap*, 3> taps_of(std::int64_t tap) const {
    const std::int64_t widths = std::int64_t(phase_[2].taps.size());
    const std::int64_t heights = std::int64_t(phase_[1].taps.size());
    return {&phase_[0].taps[tap / widths / heights], &phase_[1].taps[tap / widths % heights],
            &phase_[2].taps[tap % widths]};
  }
  const Phase& phase_;
};

/// How one direction reads the weights w[f,k,c]: as [tap, source channel, result channel].
struct WeightView {
  std::int64_t source_channels, result_channels;
  std::int64_t tap_stride, source_stride, result_stride;
};

/// Weights of a phase as [result tile][tap][source channel][kLanes], padded with zeros.
template <class T>
Tensor pack_weights(const PhaseIndex& index, const Triple& kernel, const WeightView& view,
                    const T* w) {
  constexpr std::int64_t lanes = kLanes<T>;
  const std::int64_t tiles = (view.result_channels + lanes - 1) / lanes;
  const std::int64_t taps = index.taps();
  const Tensor packed({tiles, taps, view.source_channels, lanes}, dtype_of<T>);
  T* const out = packed.data<T>();
  for_each_task(tiles * taps, view.source_channels * lanes, [&](std::int64_t task) {
    const std::int64_t begin = task / taps * lanes;
    const T* from = w + index.kernel_index(kernel, task % taps) * view.tap_stride;
    T* to = out + task * view.source_channels * lanes;
    for (std::int64_t c = 0; c < view.source_channels; ++c)
      for (std::int64_t j = begin; j < begin + lanes; ++j)
        *to++ =
            j < view.result_channels ? from[c * view.source_stride + j * view.result_stride] : T(0);
  });
  return packed;
}

/// tile += rows[i][c] * panel[c][j], over all channels c.
template <class T>
void add_channels(const T* const* rows, std::int64_t channels, const T* panel, Tile<T>& tile) {
  Tile<T> local = tile;
  for (std::int64_t c = 0; c < channels; ++c)
    local.add_product([=](int i) { return rows[i][c]; }, panel + c * kLanes<T>);
  tile = local;
}

template <class T>
void run_phase(const Phase& phase, std::int64_t batch, const Triple& kernel, const WeightView& view,
               const T* source, const T* w, const T* bias, T* result) {
  constexpr std::int64_t lanes = kLanes<T>;
  const PhaseIndex index(phase);
  const std::int64_t pixels = batch * index.pixels();
  const std::int64_t taps = index.taps();
  const std::int64_t pixel_tiles = (pixels + kPixels - 1) / kPixels;
  const std::int64_t channel_tiles = (view.result_channels + lanes - 1) / lanes;
  const Tensor packed = pack_weights(index, kernel, view, w);
  const Tensor padding = Tensor::zeros({view.source_channels}, dtype_of<T>);
  const T* const panels = packed.data<T>();
  const T* const zeros = padding.data<T>();
  const std::int64_t cost = kPixels * lanes * taps * view.source_channels;
  for_each_task(pixel_tiles * channel_tiles, cost, [&](std::int64_t task) {
    const std::int64_t first = task % pixel_tiles * kPixels;
    const std::int64_t tile = task / pixel_tiles;
    const T* panel = panels + tile * taps * view.source_channels * lanes;
    Tile<T> sum;
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      const T* rows[kPixels];
      for (int i = 0; i < kPixels; ++i) {
        const std::int64_t pixel = first + i;
        const std::int64_t seen =
            pixel < pixels ? index.source(pixel / index.pixels(), pixel % index.pixels(), tap) : -1;
        rows[i] = seen < 0 ? zeros : source + seen * view.source_channels;
      }
      add_channels<T>(rows, view.source_channels, panel, sum);
      panel += view.source_channels * lanes;
    }
    const std::int64_t channel = tile * lanes;
    const std::int64_t width = std::min(lanes, view.result_channels - channel);
    for (std::int64_t pixel = first; pixel < std::min(first + kPixels, pixels); ++pixel) {
      T* out = result + channel +
               index.result(pixel / index.pixels(), pixel % index.pixels()) * view.result_channels;
      for (std::int64_t j = 0; j < width; ++j)
        out[j] = sum.at(pixel - first, j) + (bias ? bias[channel + j] : T(0));
    }
  });
}

template <class T>
const T* bias_of(const Epilogue& epilogue) {
  return epilogue.bias.defined() ? epilogue.bias.data<T>() : nullptr;
}

void activate(const Epilogue& epilogue, const Tensor& y) {
  if (epilogue.activation.kind != ActivationKind::identity)
    elementwise_ops.activation(epilogue.activation, y, y);
}

void forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Epilogue& epilogue,
             const Tensor& y) {
  const WeightView view{g.in_channels, g.out_channels, g.in_channels, 1,
                        g.kernel_volume() * g.in_channels};
  dispatch_float("conv", x.dtype(), [&]<class T>() {
    run_phase(forward_phase(g), g.batch, g.kernel, view, x.data<T>(), w.data<T>(),
              bias_of<T>(epilogue), y.data<T>());
  });
  activate(epilogue, y);
}

void backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                   const Epilogue& epilogue, const Tensor& dx) {
  const WeightView view{g.out_channels, g.in_channels, g.in_channels,
                        g.kernel_volume() * g.in_channels, 1};
  dispatch_float("conv_backward_data", dy.dtype(), [&]<class T>() {
    for (const Phase& phase : backward_phases(g))
      run_phase(phase, g.batch, g.kernel, view, dy.data<T>(), w.data<T>(), bias_of<T>(epilogue),
                dx.data<T>());
  });
  activate(epilogue, dx);
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

/// dw[f,k,c] = sum over pixels p of dy[p,f] * x[pixel(p,k),c]. One task makes all f of one k and
/// kLanes channels c, adding pixels in order.
template <class T>
void backward_weight_typed(const ConvGeometry& g, const T* x, const T* dy, T* dw) {
  constexpr std::int64_t lanes = kLanes<T>;
  constexpr std::int64_t pixel_block = 512;
  const Phase phase = forward_phase(g);
  const PhaseIndex index(phase);
  const std::int64_t pixels = g.batch * index.pixels();
  const std::int64_t taps = g.kernel_volume();
  const std::int64_t lane_tiles = (g.in_channels + lanes - 1) / lanes;
  const Tensor packed = pack_gradient(dy, pixels, g.out_channels);
  const T* const gradients = packed.data<T>();
  for_each_task(taps * lane_tiles, pixels * g.out_channels * lanes, [&](std::int64_t task) {
    const std::int64_t tap = task / lane_tiles;
    const std::int64_t channel = task % lane_tiles * lanes;
    const std::int64_t width = std::min(lanes, g.in_channels - channel);
    alignas(kVectorBytes) T panel[pixel_block][kLanes<T>] = {};
    for (std::int64_t begin = 0; begin < pixels; begin += pixel_block) {
      const std::int64_t count = std::min(pixel_block, pixels - begin);
      for (std::int64_t p = 0; p < count; ++p) {
        const std::int64_t seen =
            index.source((begin + p) / index.pixels(), (begin + p) % index.pixels(), tap);
        for (std::int64_t j = 0; j < width; ++j)
          panel[p][j] = seen < 0 ? T(0) : x[seen * g.in_channels + channel + j];
      }
      for (std::int64_t f = 0; f < g.out_channels; f += kPixels) {
        const T* gradient = gradients + (f / kPixels * pixels + begin) * kPixels;
        Tile<T> sum;
        for (std::int64_t p = 0; p < count; ++p, gradient += kPixels)
          sum.add_product([=](int i) { return gradient[i]; }, panel[p]);
        for (std::int64_t i = 0; i < std::min<std::int64_t>(kPixels, g.out_channels - f); ++i) {
          T* out = dw + ((f + i) * taps + tap) * g.in_channels + channel;
          for (std::int64_t j = 0; j < width; ++j)
            out[j] = sum.at(i, j) + (begin > 0 ? out[j] : T(0));
        }
      }
    }
  });
}

void backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
  dispatch_float("conv_backward_weight", x.dtype(), [&]<class T>() {
    backward_weight_typed(g, x.data<T>(), dy.data<T>(), dw.data<T>());
  });
}

}  // namespace

const ConvOps conv_reference_ops{forward, backward_data, backward_weight};

}  // namespace voxgrad::cpu
