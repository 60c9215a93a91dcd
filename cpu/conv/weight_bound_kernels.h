// The vector part of cpu/conv/weight_bound.h, compiled for every level of simd/isa.h. Channels of x
// come in multiples of kGroup.
#pragma once

#include <vector>

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu::weight_bound {

inline constexpr std::int64_t kGroup = 16;
inline constexpr std::int64_t kMostPixels = 128;  // of y, over the samples summed at a time

/// Pixels that a tap joins: numbers of rows of y and x.
struct Pair {
  std::int64_t y, x;
};
/// For every tap, in the order of the weights, the pixels that it joins.
using TapPairs = std::vector<std::vector<Pair>>;

/// How many filters per task of forward() and one of backward_weight() take.
std::int64_t forward_filters();
std::int64_t gradient_filters();

/// y of the filters [begin, end), at most forward_filters().
void forward(const ConvGeometry& g, const TapPairs& taps, std::int64_t begin, std::int64_t end,
             const float* x, const float* w, float* y);

/// dx += what the filters [begin, end) add to it.
void backward_data(const ConvGeometry& g, const TapPairs& taps, std::int64_t begin,
                   std::int64_t end, const float* dy, const float* w, float* dx);

/// dw of the filters [begin, end), at most gradient_filters(). It goes past the caches.
void backward_weight(const ConvGeometry& g, const TapPairs& taps, std::int64_t begin,
                     std::int64_t end, const float* x, const float* dy, float* dw);

}  // namespace voxgrad::cpu::weight_bound
