// How the kernels of plane_sweep.h see their problem, and bring a plane of the source into shared
// memory.
#pragma once

#include "cuda/conv/small_channels/view.cuh"
#include "cuda/conv/tensor_core/mma.cuh"

namespace voxgrad::cuda::small_channels {

using Unit = Pack<BFloat16, 8>;

/// S source channels, R result channels, K taps an axis.
template <int S_, int R_, int K_>
struct MarchShape {
  static constexpr int S = S_, R = R_, K = K_;
  // Blocks a multiprocessor: what registers allow. Values of channels spread over taps need more.
  static constexpr int blocks = S == 9 ? 2 : 3;
  static constexpr int threads = 128, pixels = threads / 32 * 16, taps = K * K;
  // Units of a pixel: of whole channels, and of taps of the remaining one. Where that is
  // all there is, the second half of the taps is the first half of two rows below.
  static constexpr int whole = S / 8, rest = S % 8, spread_rows = whole ? K : 2;
  static constexpr int spread = rest ? (spread_rows * K + 7) / 8 : 0;
  static constexpr int most = K == 3 ? 184 : 224;  // pixels of the source's plane
  static constexpr int area = most + 4;  // so that stores of a pixel's units differ in their banks
  static constexpr int units = (whole + spread) * area;
  // Products: along k, and side by side a plane of taps; one more for the ninth channel.
  static constexpr int steps = (taps * S + 15) / 16, tiles = R / 8;
  static constexpr bool ninth = R % 8 == 1;
  static constexpr int products = K * tiles + (ninth ? 1 : 0);
  static_assert(rest <= 1 && R % 8 <= 1 && (whole || K == 4) && (!ninth || K == 3));

  static bool matches(const View& v) {
    return v.source_channels == S && v.result_channels == R && v.kernel == K && v.stride == 1;
  }

  /// The unit, counted from the one under the first tap, that `half` of a step multiplies. Where
  /// the weights are zero, some unit.
  static __device__ int unit(int step, int half, int pitch) {
    const auto under = [&](int tap) { return tap / K * pitch + tap % K; };
    if constexpr (whole == 0) {
      return half * 2 * pitch;
    } else if constexpr (whole % 2 == 0) {
      return step % (whole / 2) * 2 * area + under(step / (whole / 2)) + half * area;
    } else {
      const auto at = [&](int i) {
        if (i < taps) return under(i);
        const int left = i - taps < spread ? i - taps : spread - 1;
        return spread ? (whole + left) * area : under(taps - 1);
      };
      return half ? at(2 * step + 1) : at(2 * step);
    }
  }
  /// The weight's place along k.
  static __device__ int k_of(int tap, int channel) {
    return channel < whole * 8 ? tap * whole * 8 + channel : taps * whole * 8 + tap;
  }
};

/// What a thread carries from planes of the source to shared memory.
template <class Shape>
class PlaneFeed {
 public:
  static constexpr int S = Shape::S, K = Shape::K, V = Shape::whole ? 8 : 1;
  static constexpr int packs = (Shape::most * S / V + Shape::threads - 1) / Shape::threads;

  /// Whether all packs of a plane have somebody to carry them.
  static bool fits(int rows, int columns) {
    return rows * columns <= Shape::most &&
           rows * ((columns * S + 2 * V - 2) / V) <= packs * Shape::threads;
  }

  __device__ PlaneFeed(const View& v, const Box& box, bool packed)
      : box_(box), length_(v.source[2] * S), packed_(packed && (V == 1 || length_ % V == 0)) {
    begin_ = (box.begin[2] > 0 ? box.begin[2] : 0) * S;
    const int end = box.begin[2] + box.extent[2];
    end_ = (end < v.source[2] ? end : v.source[2]) * S;
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

  /// Only what is inside the map; zeros are there for the rest.
  __device__ void store(Unit* units) const {
#pragma unroll
    for (int i = 0; i < packs; ++i) {
      if (row_[i] < 0) continue;
      if constexpr (S % 8 == 0) {
        const int pixel = place(row_[i], element_[i] / S - box_.begin[2]);
        units[element_[i] % S / 8 * Shape::area + pixel] = held_[i];
      } else {
#pragma unroll
        for (int j = 0; j < V; ++j) {
          const int element = element_[i] + j, channel = element % S;
          if (element < begin_ || element >= end_) continue;
          const int column = element / S - box_.begin[2];
          if (channel < Shape::whole * 8)
            units[channel / 8 * Shape::area + place(row_[i], column)].element[channel % 8] =
                held_[i].element[j];
          else
            show(units + Shape::whole * Shape::area, row_[i], column, held_[i].element[j]);
        }
      }
    }
  }

 private:
  __device__ int place(int row, int column) const {
    return row * box_.extent[2] + column;
  }

  /// A value to all pixels whose taps show it.
  __device__ void show(Unit* units, int row, int column, BFloat16 value) const {
#pragma unroll 1  // addresses of so many would need too many registers
    for (int tap = 0; tap < Shape::spread_rows * K; ++tap)
      if (row >= tap / K && column >= tap % K)
        units[tap / 8 * Shape::area + place(row - tap / K, column - tap % K)].element[tap % 8] =
            value;
  }

  Box box_;
  int length_, begin_, end_;  // of a row, and of the box in it, in elements
  bool packed_;
  int row_[packs], element_[packs];
  Pack<BFloat16, V> held_[packs];
};

}  // namespace voxgrad::cuda::small_channels
