// The vector part of cpu/conv/small_channels.h, compiled for every level of simd/isa.h.
#pragma once

#include <cstdint>

namespace voxgrad::cpu::small_channels {

inline constexpr std::int64_t kWidth = 32;  // rows are computed in multiples of it
inline constexpr std::int64_t kTaps = 27;

/// What the planes of y see of one sample: x as [channels, depth, height, row], zeros in the
/// padding; row is two more than a multiple of kWidth.
struct Slab {
  const float* elements;
  std::int64_t channels, depth, height, row;
  std::int64_t plane() const { return height * row; }
};

/// One plane of y, [height, width, channels].
struct OutputPlane {
  float* data;
  std::int64_t height, width, channels;
};

/// The plane that sees the slab from depth `first` on. weights: [channels of x, tap, filters] for
/// 1, 2, 4 or 8 filters, of which y has plane.channels.
void convolve_plane(const Slab& slab, std::int64_t first, const float* weights,
                    std::int64_t filters, const OutputPlane& plane);

}  // namespace voxgrad::cpu::small_channels
