#include "cpu/conv/weight_bound.h"

#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "cpu/parallel.h"

namespace voxgrad::cpu::weight_bound {
namespace {

// Tiles of sums fill 24 of 32 registers, or 12 of 16.
#ifdef __AVX512F__
constexpr int kVectorBytes = 64, kHalf = 12;
#else
constexpr int kVectorBytes = 32, kHalf = 6;
#endif
constexpr std::int64_t kLanes = kVectorBytes / std::int64_t(sizeof(float));
using Vector [[gnu::vector_size(kVectorBytes)]] = float;

constexpr std::int64_t kMostPixels = 128;  // of y, over the samples that are summed at a time

/// Pixels that a tap joins: numbers of rows of y and x.
struct Pair {
  std::int64_t y, x;
};
using Pairs = std::vector<Pair>;

/// For every tap, in the order of the weights, the pixels that it joins.
std::vector<Pairs> pairs_of_taps(const ConvGeometry& g) {
  std::vector<Pairs> result;
  for (std::int64_t kd = 0; kd < g.kernel[0]; ++kd)
    for (std::int64_t kh = 0; kh < g.kernel[1]; ++kh)
      for (std::int64_t kw = 0; kw < g.kernel[2]; ++kw) {
        Pairs& pairs = result.emplace_back();
        for (std::int64_t y = 0; y < g.batch * g.output_volume(); ++y) {
          const Triple at{y / g.output[2] / g.output[1] % g.output[0],
                          y / g.output[2] % g.output[1], y % g.output[2]};
          const Triple tap{kd, kh, kw};
          std::int64_t x = y / g.output_volume();  // the sample
          bool inside = true;
          for (int a = 0; a < 3; ++a) {
            const std::int64_t position = at[a] * g.stride[a] + tap[a] - g.padding[a];
            inside = inside && position >= 0 && position < g.input[a];
            x = x * g.input[a] + position;
          }
          if (inside) pairs.push_back({y, x});
        }
      }
  return result;
}

/// Where a vector lies in a tensor: aligned like its elements.
using InMemory [[gnu::vector_size(kVectorBytes), gnu::aligned(4), gnu::may_alias]] = float;
const InMemory& vector_at(const float* from) {
  return *reinterpret_cast<const InMemory*>(from);
}
InMemory& vector_at(float* from) {
  return *reinterpret_cast<InMemory*>(from);
}

/// body(first, std::integral_constant<int, n>) for [0, count) in steps of n: `most`, and what is
/// left at the end.
template <int most, class Body>
void in_steps(std::int64_t count, Body body) {
  std::int64_t first = 0;
  for (; first + most <= count; first += most) body(first, std::integral_constant<int, most>());
  if constexpr (most > 1) {
    in_steps<most / 2>(count - first, [&](std::int64_t i, auto n) { body(first + i, n); });
  }
}

// Forward: dot products along the channels.
constexpr int kFilters = kHalf / 2;  // rows of w in a tile
constexpr int kDotPixels = 4;

/// sums[i][j] += x[i] * w[j], lane by lane.
template <int pixels>
void add_dots(const std::array<const float*, pixels>& x,
              const std::array<const float*, kFilters>& w, std::int64_t length,
              const std::array<Vector*, pixels>& sums) {
  Vector sum[pixels][kFilters];
  for (int i = 0; i < pixels; ++i)
    for (int j = 0; j < kFilters; ++j) sum[i][j] = sums[i][j];
  for (std::int64_t c = 0; c < length; c += kLanes) {
    Vector pixel[pixels];
    for (int i = 0; i < pixels; ++i) pixel[i] = vector_at(x[i] + c);
    for (int j = 0; j < kFilters; ++j) {
      const Vector weight = vector_at(w[j] + c);
      for (int i = 0; i < pixels; ++i) sum[i][j] += pixel[i] * weight;
    }
  }
  for (int i = 0; i < pixels; ++i)
    for (int j = 0; j < kFilters; ++j) sums[i][j] = sum[i][j];
}

/// Filters [f, f + kFilters) of y, as far as there are any.
void forward_filters(const ConvGeometry& g, const std::vector<Pairs>& taps, std::int64_t f,
                     const float* x, const float* w, float* y) {
  constexpr std::int64_t stretch =
      1024;  // of channels, so that the weights stay in the first cache
  const std::int64_t channels = g.in_channels, row = g.kernel_volume() * channels;
  const std::int64_t pixels = g.batch * g.output_volume();
  const std::int64_t filters = std::min<std::int64_t>(kFilters, g.out_channels - f);
  Vector sums[kMostPixels][kFilters];
  std::fill_n(&sums[0][0], pixels * kFilters, Vector{});
  for (std::size_t tap = 0; tap < taps.size(); ++tap)
    for (std::int64_t c = 0; c < channels; c += stretch) {
      std::array<const float*, kFilters> rows;
      for (std::int64_t j = 0; j < kFilters; ++j)
        rows[std::size_t(j)] =
            w + (f + std::min(j, filters - 1)) * row + std::int64_t(tap) * channels + c;
      const Pairs& pairs = taps[tap];
      in_steps<kDotPixels>(std::int64_t(pairs.size()),
                           [&]<int n>(std::int64_t first, std::integral_constant<int, n>) {
                             std::array<const float*, n> from;
                             std::array<Vector*, n> to;
                             for (std::size_t i = 0; i < n; ++i) {
                               const Pair& pair = pairs[std::size_t(first) + i];
                               from[i] = x + pair.x * channels + c;
                               to[i] = sums[pair.y];
                             }
                             add_dots<n>(from, rows, std::min(stretch, channels - c), to);
                           });
    }
  for (std::int64_t i = 0; i < pixels; ++i)
    for (std::int64_t j = 0; j < filters; ++j) {
      float total = 0;
      for (std::int64_t lane = 0; lane < kLanes; ++lane) total += sums[i][j][lane];
      y[i * g.out_channels + f + j] = total;
    }
}

// Backward data: rows of w, each times a number, are added up. The rows are cut into kParts parts,
// whose sums are added up in the end. kDepth rows are read side by side from their first tap to the
// last: that many streams the processor can foresee, and that many rows fit into its caches where
// their distance is a power of two.
constexpr std::int64_t kParts = 16, kDepth = 8;
constexpr int kRowPixels = kHalf == 12 ? 8 : 4;

/// dx[i][0, vectors) += the sum over `depth` rows of w, `stride` apart, of dy[i][row] * w[row].
template <int pixels, int vectors>
void add_rows(const std::array<const float*, pixels>& dy, const float* w, std::int64_t stride,
              std::int64_t depth, const std::array<float*, pixels>& dx) {
  Vector sum[pixels][vectors];
  for (int i = 0; i < pixels; ++i)
    for (int v = 0; v < vectors; ++v) sum[i][v] = vector_at(dx[i] + v * kLanes);
  for (std::int64_t f = 0; f < depth; ++f, w += stride) {
    Vector weight[vectors];
    for (int v = 0; v < vectors; ++v) weight[v] = vector_at(w + v * kLanes);
    for (int i = 0; i < pixels; ++i) {
      const float factor = dy[i][f];
      for (int v = 0; v < vectors; ++v) sum[i][v] += factor * weight[v];
    }
  }
  for (int i = 0; i < pixels; ++i)
    for (int v = 0; v < vectors; ++v) vector_at(dx[i] + v * kLanes) = sum[i][v];
}

/// What filters [begin, end) add to dx.
void backward_filters(const ConvGeometry& g, const std::vector<Pairs>& taps, std::int64_t begin,
                      std::int64_t end, const float* dy, const float* w, float* dx) {
  constexpr std::int64_t ahead = 1024;  // elements
  const std::int64_t row = g.kernel_volume() * g.in_channels;
  for (std::int64_t f = begin; f < end; f += kDepth) {
    const std::int64_t depth = std::min(kDepth, end - f);
    for (std::int64_t tap = 0; tap < g.kernel_volume(); ++tap) {
      const Pairs& pairs = taps[std::size_t(tap)];
      in_steps<2>(g.in_channels / kLanes, [&]<int vectors>(std::int64_t vector,
                                                           std::integral_constant<int, vectors>) {
        const std::int64_t c = vector * kLanes;
        const float* const weights = w + f * row + tap * g.in_channels + c;
        for (std::int64_t j = 0; j < depth; ++j)
          for (int v = 0; v < vectors; ++v)
            __builtin_prefetch(weights + ahead + j * row + v * kLanes);
        in_steps<kRowPixels>(std::int64_t(pairs.size()),
                             [&]<int n>(std::int64_t first, std::integral_constant<int, n>) {
                               std::array<const float*, n> from;
                               std::array<float*, n> to;
                               for (std::size_t i = 0; i < n; ++i) {
                                 const Pair& pair = pairs[std::size_t(first) + i];
                                 from[i] = dy + pair.y * g.out_channels + f;
                                 to[i] = dx + pair.x * g.in_channels + c;
                               }
                               add_rows<n, vectors>(from, weights, row, depth, to);
                             });
      });
    }
  }
}

/// Past the caches, where that can be: what is written here is more than they hold.
void stream_out(float* to, const Vector& value) {
#ifdef __AVX512F__
  if (reinterpret_cast<std::uintptr_t>(to) % kVectorBytes == 0) return _mm512_stream_ps(to, value);
#endif
  vector_at(to) = value;
}

/// Before other threads read what was streamed out.
void finish_stream() {
#ifdef __AVX512F__
  _mm_sfence();
#endif
}

constexpr int kGradientFilters = kHalf == 12 ? 8 : 4;

/// dw[j][0, vectors) = the sum over the pairs of dy[pair][j] * x[pair], for `filters` rows of dw.
template <int filters, int vectors>
void weight_gradient(const ConvGeometry& g, const Pairs& pairs, const float* x, const float* dy,
                     float* dw) {
  Vector sum[filters][vectors] = {};
  for (const Pair& pair : pairs) {
    Vector pixel[vectors];
    for (int v = 0; v < vectors; ++v) pixel[v] = vector_at(x + pair.x * g.in_channels + v * kLanes);
    const float* const factors = dy + pair.y * g.out_channels;
    for (int j = 0; j < filters; ++j)
      for (int v = 0; v < vectors; ++v) sum[j][v] += factors[j] * pixel[v];
  }
  const std::int64_t row = g.kernel_volume() * g.in_channels;
  for (int j = 0; j < filters; ++j)
    for (int v = 0; v < vectors; ++v) stream_out(dw + j * row + v * kLanes, sum[j][v]);
}

/// run(geometry, begin, end) for samples [begin, end) that have at most kMostPixels pixels: as many
/// sums are made at a time.
template <class Run>
void in_batches(const ConvGeometry& g, Run run) {
  const std::int64_t most = std::max<std::int64_t>(1, kMostPixels / g.output_volume());
  for (std::int64_t begin = 0; begin < g.batch; begin += most) {
    ConvGeometry part = g;
    part.batch = std::min(most, g.batch - begin);
    run(part, begin, begin + part.batch);
  }
}

}  // namespace

bool supports(const ConvGeometry& g) {
  return g.in_channels % kLanes == 0 && g.output_volume() <= kMostPixels;
}

bool preferred(const ConvGeometry& g) {
  // By time on two AVX-512 cores. Lighter weights cost little to reorder, and the heaviest ones
  // more than the arithmetic at any batch. A linear layer saves no padding; from 16 samples on its
  // matrix product was faster. Pix2Vox has no 2-D layer of the kind.
  constexpr std::int64_t heavy = 1 << 19, heaviest = 1 << 24;  // weights
  constexpr std::int64_t max_rows = 8;
  const std::int64_t weights = g.out_channels * g.kernel_volume() * g.in_channels;
  if (!supports(g) || g.spatial_rank == 2) return false;
  if (g.kernel_volume() == 1) return weights >= heavy && g.batch * g.output_volume() <= max_rows;
  return weights >= (g.batch * g.output_volume() <= kMostPixels ? heavy : heaviest);
}

void forward(const ConvGeometry& geometry, const Tensor& x, const Tensor& w, const Tensor& y) {
  const float* const weights = w.data<float>();
  in_batches(geometry, [&](const ConvGeometry& g, std::int64_t begin, std::int64_t end) {
    const std::vector<Pairs> taps = pairs_of_taps(g);
    const float* const pixels = x.slice(begin, end).data<float>();
    float* const out = y.slice(begin, end).data<float>();
    for_each_task(
        (g.out_channels + kFilters - 1) / kFilters, kFilters * g.kernel_volume() * g.in_channels,
        [&](std::int64_t i) { forward_filters(g, taps, i * kFilters, pixels, weights, out); });
  });
}

void backward_data(const ConvGeometry& geometry, const Tensor& dy, const Tensor& w,
                   const Tensor& dx) {
  const float* const weights = w.data<float>();
  in_batches(geometry, [&](const ConvGeometry& g, std::int64_t begin, std::int64_t end) {
    const std::vector<Pairs> taps = pairs_of_taps(g);
    const Tensor result = dx.slice(begin, end);
    const std::int64_t n = result.numel();
    const Tensor parts({kParts, n}, DType::f32);
    const float* const gradient = dy.slice(begin, end).data<float>();
    float *const sums = parts.data<float>(), *const out = result.data<float>();
    for_each_task(kParts, w.numel() / kParts, [&](std::int64_t part) {
      float* const mine = sums + part * n;
      std::fill_n(mine, n, 0.0f);
      backward_filters(g, taps, part * g.out_channels / kParts,
                       (part + 1) * g.out_channels / kParts, gradient, weights, mine);
    });
    for_each_index(n, [=](std::int64_t i) {
      float total = sums[i];
      for (std::int64_t part = 1; part < kParts; ++part) total += sums[part * n + i];
      out[i] = total;
    });
  });
}

void backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
  const std::vector<Pairs> taps = pairs_of_taps(g);
  const std::int64_t row = g.kernel_volume() * g.in_channels;
  const float *const pixels = x.data<float>(), *const gradient = dy.data<float>();
  float* const out = dw.data<float>();
  const std::int64_t blocks = (g.out_channels + kGradientFilters - 1) / kGradientFilters;
  for_each_task(blocks, kGradientFilters * row, [&](std::int64_t block) {
    const std::int64_t f = block * kGradientFilters;
    const std::int64_t filters = std::min<std::int64_t>(kGradientFilters, g.out_channels - f);
    for (std::size_t tap = 0; tap < taps.size(); ++tap)
      in_steps<2>(g.in_channels / kLanes,
                  [&]<int vectors>(std::int64_t vector, std::integral_constant<int, vectors>) {
                    const std::int64_t c = vector * kLanes;
                    in_steps<kGradientFilters>(
                        filters, [&]<int n>(std::int64_t first, std::integral_constant<int, n>) {
                          weight_gradient<n, vectors>(
                              g, taps[tap], pixels + c, gradient + f + first,
                              out + (f + first) * row + std::int64_t(tap) * g.in_channels + c);
                        });
                  });
    finish_stream();
  });
}

}  // namespace voxgrad::cpu::weight_bound
