#include "cpu/conv/small_channels_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/conv/small_channels_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::small_channels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = HWY_CAPPED(float, 16);
using Vec = hn::Vec<Tag>;

constexpr std::int64_t kLanes = std::int64_t(HWY_MIN(HWY_LANES(float), 16));
// Of the 32 or 16 registers, those that hold sums.
constexpr int kSums = HWY_ARCH_ARM_A64 || HWY_TARGET == HWY_AVX3 ? 16 : 8;

/// `vectors` vectors of neighbours along the width, whose windows begin at `corners`, for all
/// filters: sums[f][v].
template <int filters, int vectors>
HWY_INLINE void convolve_vectors(const Slab& slab, const float* const* corners,
                                 const float* weights, float* sums) {
  const Tag d;
  Vec sum[filters][vectors];
  for (int f = 0; f < filters; ++f)
    for (int v = 0; v < vectors; ++v) sum[f][v] = hn::Zero(d);
  for (std::int64_t c = 0; c < slab.channels; ++c)
    for (std::int64_t kd = 0; kd < 3; ++kd)
      for (std::int64_t kh = 0; kh < 3; ++kh)
        for (std::int64_t kw = 0; kw < 3; ++kw, weights += filters) {
          const std::int64_t offset = (c * slab.depth + kd) * slab.plane() + kh * slab.row + kw;
          Vec in[vectors];
          for (int v = 0; v < vectors; ++v) in[v] = hn::LoadU(d, corners[v] + offset);
          for (int f = 0; f < filters; ++f) {
            const Vec weight = hn::Set(d, weights[f]);
            for (int v = 0; v < vectors; ++v) sum[f][v] = hn::MulAdd(weight, in[v], sum[f][v]);
          }
        }
  for (int f = 0; f < filters; ++f)
    for (int v = 0; v < vectors; ++v) hn::Store(sum[f][v], d, sums + (f * vectors + v) * kLanes);
}

/// As many vectors at a time as the sums have registers for, from row to row.
template <int filters>
void convolve_plane_with(const Slab& slab, std::int64_t first, const float* weights,
                         const OutputPlane& y) {
  constexpr int vectors = std::min(8, kSums / filters);
  const std::int64_t across = (y.width + kLanes - 1) / kLanes, count = y.height * across;
  for (std::int64_t begin = 0; begin < count; begin += vectors) {
    const float* corners[vectors];  // past the end, the last one again
    for (int v = 0; v < vectors; ++v) {
      const std::int64_t i = std::min(begin + v, count - 1);
      corners[v] =
          slab.elements + first * slab.plane() + i / across * slab.row + i % across * kLanes;
    }
    HWY_ALIGN float sums[filters * vectors * kLanes];
    convolve_vectors<filters, vectors>(slab, corners, weights, sums);
    for (std::int64_t v = 0; v < std::min<std::int64_t>(vectors, count - begin); ++v) {
      const std::int64_t i = begin + v, w = i % across * kLanes;
      float* const to = y.data + (i / across * y.width + w) * y.channels;
      for (std::int64_t lane = 0; lane < std::min(kLanes, y.width - w); ++lane)
        for (std::int64_t f = 0; f < y.channels; ++f)
          to[lane * y.channels + f] = sums[(f * vectors + v) * kLanes + lane];
    }
  }
}

void convolve_plane_impl(const Slab& slab, std::int64_t first, const float* weights,
                         std::int64_t filters, const OutputPlane& plane) {
  if (filters == 1)
    convolve_plane_with<1>(slab, first, weights, plane);
  else if (filters == 2)
    convolve_plane_with<2>(slab, first, weights, plane);
  else if (filters == 4)
    convolve_plane_with<4>(slab, first, weights, plane);
  else
    convolve_plane_with<8>(slab, first, weights, plane);
}

}  // namespace voxgrad::cpu::small_channels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu::small_channels {

HWY_EXPORT(convolve_plane_impl);

void convolve_plane(const Slab& slab, std::int64_t first, const float* weights,
                    std::int64_t filters, const OutputPlane& plane) {
  HWY_DYNAMIC_DISPATCH(convolve_plane_impl)(slab, first, weights, filters, plane);
}

}  // namespace voxgrad::cpu::small_channels
#endif
