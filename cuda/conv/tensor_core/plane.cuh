// How the kernels of plane_sweep.h see their problem, and bring a plane of the source into shared
// memory.
#pragma once

#include "cuda/conv/small_channels/sides.cuh"
#include "cuda/conv/tensor_core/mma.cuh"

namespace voxgrad::cuda::small_channels {

/// Eight channels of a pixel.
using ChannelGroup = Pack<BFloat16, 8>;

/// What a kernel is compiled for.
template <int source_channels_, int result_channels_, int kernel_>
struct SweepShape {
  static constexpr int source_channels = source_channels_, result_channels = result_channels_,
                       kernel = kernel_;
  // Blocks per multiprocessor: what registers allow. Nine channels need more of them.
  static constexpr int blocks = source_channels == 9 ? 2 : 3;
  static constexpr int threads = 128, pixels = threads / 32 * 16, taps = kernel * kernel;
  // Groups per pixel, and 1 if there is one more channel, which has a plane of its own.
  static constexpr int whole = source_channels / 8, last_channel = source_channels % 8;
  static constexpr int max_pixels = kernel == 3 ? 184 : 224;  // pixels of the source's plane
  static constexpr int area = max_pixels + 4;  // so that a pixel's groups are in other banks
  static constexpr int groups = whole * area;
  // Steps of 16 along k: taps of whole groups, then those of the remaining channel.
  static constexpr int group_steps = (taps * whole * 8 + 15) / 16,
                       last_channel_steps = last_channel ? (taps + 15) / 16 : 0;
  static constexpr int steps = group_steps + last_channel_steps, tiles = result_channels / 8;
  // Products side by side per plane of taps; one more for the ninth channel.
  static constexpr bool ninth = result_channels % 8 == 1;
  static constexpr int products = kernel * tiles + (ninth ? 1 : 0);
  static_assert(last_channel <= 1 && result_channels % 8 <= 1 && last_channel_steps <= 1 &&
                (!ninth || kernel == 3));

  static bool matches(const ConvSides& v) {
    return v.source_channels == source_channels && v.result_channels == result_channels &&
           v.kernel == kernel && v.stride == 1;
  }

  /// The group, counted from the one under the first tap, that `half` of a step multiplies. Where
  /// the weights are zero, some group of the pixel.
  static __device__ int group(int step, int half, int pitch) {
    const auto under = [&](int tap) { return tap / kernel * pitch + tap % kernel; };
    if constexpr (whole > 0 && whole % 2 == 0) {
      return step % (whole / 2) * 2 * area + under(step / (whole / 2)) + half * area;
    } else {
      const auto at = [&](int i) { return under(i < taps ? i : taps - 1); };
      return half ? at(2 * step + 1) : at(2 * step);
    }
  }
  /// The weight's place along k.
  static __device__ int k_of(int tap, int channel) {
    return channel < whole * 8 ? tap * whole * 8 + channel : group_steps * 16 + tap;
  }
};

/// What a lane multiplies of the remaining channel: taps 2t, 2t+1, 2t+8 and 2t+9 of pixels
/// g and g + 8 of its warp (mma.cuh), read one by one, as no two taps of a pixel are adjacent.
template <class Shape>
class LastChannelTaps {
 public:
  /// first, second: of these pixels, counted from the plane's first.
  __device__ LastChannelTaps(int first, int second, int pitch) : pixel_{first, second} {
    const int t = int(threadIdx.x) % 4;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int wanted = 2 * t + i / 2 * 8 + i % 2;
      const int tap = wanted < Shape::taps ? wanted : Shape::taps - 1;  // its weights are zero
      tap_[i] = tap / Shape::kernel * pitch + tap % Shape::kernel;
    }
  }
  __device__ mma::A load(const BFloat16* plane) const {
    mma::A a;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const BFloat16* from = plane + pixel_[i % 2];
      a.pairs[i] = from[tap_[i / 2 * 2]].bits | std::uint32_t(from[tap_[i / 2 * 2 + 1]].bits) << 16;
    }
    return a;
  }

 private:
  int pixel_[2], tap_[4];
};

/// What a thread carries from planes of the source to shared memory.
template <class Shape>
class PlaneLoader {
 public:
  static constexpr int source_channels = Shape::source_channels, kernel = Shape::kernel,
                       V = Shape::whole ? 8 : 1;
  static constexpr int packs =
      (Shape::max_pixels * source_channels / V + Shape::threads - 1) / Shape::threads;

  /// Whether all packs of a plane have somebody to carry them.
  static bool fits(int rows, int columns) {
    return rows * columns <= Shape::max_pixels &&
           rows * ((columns * source_channels + 2 * V - 2) / V) <= packs * Shape::threads;
  }

  __device__ PlaneLoader(const ConvSides& v, const Box& box, bool packed)
      : box_(box),
        length_(v.source[2] * source_channels),
        packed_(packed && (V == 1 || length_ % V == 0)) {
    begin_ = (box.begin[2] > 0 ? box.begin[2] : 0) * source_channels;
    const int end = box.begin[2] + box.extent[2];
    end_ = (end < v.source[2] ? end : v.source[2]) * source_channels;
    const int first = begin_ / V * V, count = (end_ - first + V - 1) / V;
    const int top = box.begin[1] < 0 ? -box.begin[1] : 0, left = v.source[1] - box.begin[1];
    const int bottom = left < box.extent[1] ? left : box.extent[1];
#pragma unroll
    for (int i = 0; i < packs; ++i) {
      const int at = int(threadIdx.x) + i * Shape::threads;
      row_[i] = count > 0 && top + at / count < bottom ? top + at / count : -1;
      element_[i] = count > 0 ? first + at % count * V : 0;
    }
  }

  __device__ void load(const BFloat16* plane) {
#pragma unroll
    for (int i = 0; i < packs; ++i) {
      if (row_[i] < 0) continue;
      const BFloat16* from = plane + (box_.begin[1] + row_[i]) * length_ + element_[i];
      if (packed_) {
        held_[i] = load_pack<V>(from);
      } else {
#pragma unroll
        for (int j = 0; j < V; ++j)
          held_[i].element[j] = element_[i] + j < end_ ? from[j] : BFloat16{0};
      }
    }
  }

  /// Only what is inside the map; zeros are there for what is outside. `last_channel`: the plane of
  /// the channel that no group has.
  __device__ void store(ChannelGroup* groups, BFloat16* last_channel) const {
#pragma unroll
    for (int i = 0; i < packs; ++i) {
      if (row_[i] < 0) continue;
      if constexpr (source_channels % 8 == 0) {
        const int pixel = place(row_[i], element_[i] / source_channels - box_.begin[2]);
        groups[element_[i] % source_channels / 8 * Shape::area + pixel] = held_[i];
      } else {
#pragma unroll
        for (int j = 0; j < V; ++j) {
          const int element = element_[i] + j, channel = element % source_channels;
          if (element < begin_ || element >= end_) continue;
          const int column = element / source_channels - box_.begin[2];
          if (channel < Shape::whole * 8)
            groups[channel / 8 * Shape::area + place(row_[i], column)].element[channel % 8] =
                held_[i].element[j];
          else
            last_channel[place(row_[i], column)] = held_[i].element[j];
        }
      }
    }
  }

 private:
  __device__ int place(int row, int column) const {
    return row * box_.extent[2] + column;
  }

  Box box_;
  int length_, begin_, end_;  // of a row, and of the box in it, in elements
  bool packed_;
  int row_[packs], element_[packs];
  Pack<BFloat16, V> held_[packs];
};

}  // namespace voxgrad::cuda::small_channels
