#include "cpu/conv/weight_bound_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/conv/weight_bound_kernels.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::weight_bound::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = HWY_CAPPED(float, kGroup);
using Vec = hn::Vec<Tag>;

constexpr std::int64_t kLanes = std::int64_t(HWY_MIN(HWY_LANES(float), kGroup));
// Tiles of sums fill 24 of 32 registers, or 12 of 16.
constexpr bool kManyRegisters = HWY_ARCH_ARM_A64 || HWY_TARGET == HWY_AVX3;

/// body(first, std::integral_constant<int, n>) for [0, count) in steps of n: `most`, and what is
/// left at the end.
template <int most, class Body>
HWY_INLINE void in_steps(std::int64_t count, const Body& body) {
  std::int64_t first = 0;
  for (; first + most <= count; first += most) body(first, std::integral_constant<int, most>());
  if constexpr (most > 1)
    in_steps<most / 2>(count - first, [&](std::int64_t i, auto n) HWY_ATTR { body(first + i, n); });
}

// Forward: dot products along the channels.
constexpr int kFilters = kManyRegisters ? 6 : 3;  // rows of w in a tile
constexpr int kDotPixels = 4;

/// sums[i][j] += x[i] * w[j], lane by lane.
template <int pixels>
HWY_NOINLINE void add_dots(const std::array<const float*, pixels>& x,
                           const std::array<const float*, kFilters>& w, std::int64_t length,
                           const std::array<float*, pixels>& sums) {
  const Tag d;
  Vec sum[pixels][kFilters];
  for (int i = 0; i < pixels; ++i)
    for (int j = 0; j < kFilters; ++j) sum[i][j] = hn::Load(d, sums[i] + j * kLanes);
  for (std::int64_t c = 0; c < length; c += kLanes) {
    Vec pixel[pixels];
    for (int i = 0; i < pixels; ++i) pixel[i] = hn::LoadU(d, x[i] + c);
    for (int j = 0; j < kFilters; ++j) {
      const Vec weight = hn::LoadU(d, w[j] + c);
      for (int i = 0; i < pixels; ++i) sum[i][j] = hn::MulAdd(pixel[i], weight, sum[i][j]);
    }
  }
  for (int i = 0; i < pixels; ++i)
    for (int j = 0; j < kFilters; ++j) hn::Store(sum[i][j], d, sums[i] + j * kLanes);
}

void forward_impl(const ConvGeometry& g, const TapPairs& taps, std::int64_t begin, std::int64_t end,
                  const float* x, const float* w, float* y) {
  constexpr std::int64_t stretch = 1024;  // of channels, so that the weights stay in L1
  const std::int64_t channels = g.in_channels, row = g.kernel_volume() * channels;
  const std::int64_t pixels = g.batch * g.output_volume();
  HWY_ALIGN float sums[kMostPixels][kFilters * kLanes];
  std::fill_n(&sums[0][0], pixels * kFilters * kLanes, 0.0f);
  for (std::size_t tap = 0; tap < taps.size(); ++tap)
    for (std::int64_t c = 0; c < channels; c += stretch) {
      std::array<const float*, kFilters> rows;  // past the end, the last one again
      for (std::int64_t j = 0; j < kFilters; ++j)
        rows[std::size_t(j)] =
            w + std::min(begin + j, end - 1) * row + std::int64_t(tap) * channels + c;
      const auto& pairs = taps[tap];
      in_steps<kDotPixels>(std::int64_t(pairs.size()),
                           [&]<int n>(std::int64_t first, std::integral_constant<int, n>) HWY_ATTR {
                             std::array<const float*, n> from;
                             std::array<float*, n> to;
                             for (std::size_t i = 0; i < n; ++i) {
                               const Pair& pair = pairs[std::size_t(first) + i];
                               from[i] = x + pair.x * channels + c;
                               to[i] = sums[pair.y];
                             }
                             add_dots<n>(from, rows, std::min(stretch, channels - c), to);
                           });
    }
  for (std::int64_t i = 0; i < pixels; ++i)
    for (std::int64_t f = begin; f < end; ++f) {
      const float* const sum = sums[i] + (f - begin) * kLanes;
      float total = 0;
      for (std::int64_t lane = 0; lane < kLanes; ++lane) total += sum[lane];
      y[i * g.out_channels + f] = total;
    }
}

// Backward data: rows of w, each times a number, are added up. kDepth rows are read side by side
// from their first tap to the last: that many streams the processor can foresee, and that many rows
// fit into its caches where their distance is a power of two.
constexpr std::int64_t kDepth = 8;
constexpr int kRowPixels = kManyRegisters ? 8 : 4;

/// dx[i][0, vectors) += the sum over `depth` rows of w, `stride` apart, of dy[i][row] * w[row].
template <int pixels, int vectors>
HWY_NOINLINE void add_rows(const std::array<const float*, pixels>& dy, const float* w,
                           std::int64_t stride, std::int64_t depth,
                           const std::array<float*, pixels>& dx) {
  const Tag d;
  Vec sum[pixels][vectors];
  for (int i = 0; i < pixels; ++i)
    for (int v = 0; v < vectors; ++v) sum[i][v] = hn::LoadU(d, dx[i] + v * kLanes);
  for (std::int64_t f = 0; f < depth; ++f, w += stride) {
    Vec weight[vectors];
    for (int v = 0; v < vectors; ++v) weight[v] = hn::LoadU(d, w + v * kLanes);
    for (int i = 0; i < pixels; ++i) {
      const Vec factor = hn::Set(d, dy[i][f]);
      for (int v = 0; v < vectors; ++v) sum[i][v] = hn::MulAdd(factor, weight[v], sum[i][v]);
    }
  }
  for (int i = 0; i < pixels; ++i)
    for (int v = 0; v < vectors; ++v) hn::StoreU(sum[i][v], d, dx[i] + v * kLanes);
}

void backward_data_impl(const ConvGeometry& g, const TapPairs& taps, std::int64_t begin,
                        std::int64_t end, const float* dy, const float* w, float* dx) {
  constexpr std::int64_t ahead = 1024;  // elements
  const std::int64_t row = g.kernel_volume() * g.in_channels;
  for (std::int64_t f = begin; f < end; f += kDepth) {
    const std::int64_t depth = std::min(kDepth, end - f);
    for (std::int64_t tap = 0; tap < g.kernel_volume(); ++tap) {
      const auto& pairs = taps[std::size_t(tap)];
      in_steps<2>(
          g.in_channels / kLanes,
          [&]<int vectors>(std::int64_t vector, std::integral_constant<int, vectors>) HWY_ATTR {
            const std::int64_t c = vector * kLanes;
            const float* const weights = w + f * row + tap * g.in_channels + c;
            for (std::int64_t j = 0; j < depth; ++j)
              for (int v = 0; v < vectors; ++v)
                hwy::Prefetch(weights + ahead + j * row + v * kLanes);
            in_steps<kRowPixels>(std::int64_t(pairs.size()),
                                 [&]<int n>(std::int64_t first, std::integral_constant<int, n>)
                                     HWY_ATTR {
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

constexpr int kGradientFilters = kManyRegisters ? 8 : 4;

/// dw[j][0, vectors) = the sum over the pairs of dy[pair][j] * x[pair], for `filters` rows of dw.
template <int filters, int vectors>
HWY_NOINLINE void weight_gradient(const ConvGeometry& g, const std::vector<Pair>& pairs,
                                  const float* x, const float* dy, float* dw) {
  const Tag d;
  Vec sum[filters][vectors];
  for (int j = 0; j < filters; ++j)
    for (int v = 0; v < vectors; ++v) sum[j][v] = hn::Zero(d);
  for (const Pair& pair : pairs) {
    Vec pixel[vectors];
    for (int v = 0; v < vectors; ++v)
      pixel[v] = hn::LoadU(d, x + pair.x * g.in_channels + v * kLanes);
    const float* const factors = dy + pair.y * g.out_channels;
    for (int j = 0; j < filters; ++j) {
      const Vec factor = hn::Set(d, factors[j]);
      for (int v = 0; v < vectors; ++v) sum[j][v] = hn::MulAdd(factor, pixel[v], sum[j][v]);
    }
  }
  const std::int64_t row = g.kernel_volume() * g.in_channels;
  const bool aligned = reinterpret_cast<std::uintptr_t>(dw) % (kLanes * sizeof(float)) == 0;
  for (int j = 0; j < filters; ++j)
    for (int v = 0; v < vectors; ++v) {
      float* const to = dw + j * row + v * kLanes;
      // Rows are multiples of kLanes.
      if (aligned)
        hn::Stream(sum[j][v], d, to);
      else
        hn::StoreU(sum[j][v], d, to);
    }
}

void backward_weight_impl(const ConvGeometry& g, const TapPairs& taps, std::int64_t begin,
                          std::int64_t end, const float* x, const float* dy, float* dw) {
  const std::int64_t row = g.kernel_volume() * g.in_channels;
  for (std::size_t tap = 0; tap < taps.size(); ++tap)
    in_steps<2>(
        g.in_channels / kLanes,
        [&]<int vectors>(std::int64_t vector, std::integral_constant<int, vectors>) HWY_ATTR {
          const std::int64_t c = vector * kLanes;
          in_steps<kGradientFilters>(
              end - begin, [&]<int n>(std::int64_t j, std::integral_constant<int, n>) HWY_ATTR {
                const std::int64_t f = begin + j;
                weight_gradient<n, vectors>(g, taps[tap], x + c, dy + f,
                                            dw + f * row + std::int64_t(tap) * g.in_channels + c);
              });
        });
  hwy::FlushStream();  // before other threads read it
}

std::int64_t forward_filters_impl() {
  return kFilters;
}
std::int64_t gradient_filters_impl() {
  return kGradientFilters;
}

}  // namespace voxgrad::cpu::weight_bound::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu::weight_bound {

HWY_EXPORT(forward_filters_impl);
HWY_EXPORT(gradient_filters_impl);
HWY_EXPORT(forward_impl);
HWY_EXPORT(backward_data_impl);
HWY_EXPORT(backward_weight_impl);

std::int64_t forward_filters() {
  return HWY_DYNAMIC_DISPATCH(forward_filters_impl)();
}

std::int64_t gradient_filters() {
  return HWY_DYNAMIC_DISPATCH(gradient_filters_impl)();
}

void forward(const ConvGeometry& g, const TapPairs& taps, std::int64_t begin, std::int64_t end,
             const float* x, const float* w, float* y) {
  HWY_DYNAMIC_DISPATCH(forward_impl)(g, taps, begin, end, x, w, y);
}

void backward_data(const ConvGeometry& g, const TapPairs& taps, std::int64_t begin,
                   std::int64_t end, const float* dy, const float* w, float* dx) {
  HWY_DYNAMIC_DISPATCH(backward_data_impl)(g, taps, begin, end, dy, w, dx);
}

void backward_weight(const ConvGeometry& g, const TapPairs& taps, std::int64_t begin,
                     std::int64_t end, const float* x, const float* dy, float* dw) {
  HWY_DYNAMIC_DISPATCH(backward_weight_impl)(g, taps, begin, end, x, dy, dw);
}

}  // namespace voxgrad::cpu::weight_bound
#endif
