// gather of small_channels.h: each pixel of the result collects what it is made of.
#pragma once

#include "cuda/conv/small_channels/result.cuh"
#include "cuda/conv/small_channels/view.cuh"

namespace voxgrad::cuda::small_channels {

/// Weights of C source channels as [channel][kh][kw][kd][RP], from forward's [R][K^3][S], or from
/// backward_data's [S][K^3][R], there with the taps turned round if `turned`.
template <int S, int R, int RP, int K, int C, class T>
__device__ void fill_weights(float* to, const T* w, int first, bool transposed, bool turned) {
  constexpr int taps = K * K * K;
  const auto place = [&](int channel, int tap, int r) {
    const int kd = tap / (K * K), khw = tap % (K * K);
    return ((channel * K * K + khw) * K + kd) * RP + r;
  };
#pragma unroll 2
  for (int i = int(threadIdx.x); i < C * taps * R; i += int(blockDim.x)) {
    if (transposed) {
      const int r = i % R, tap = i / R % taps, c = i / R / taps;
      to[place(c, turned ? taps - 1 - tap : tap, r)] = load(w[((first + c) * taps + tap) * R + r]);
    } else {
      const int c = i % C, tap = i / C % taps, r = i / C / taps;
      to[place(c, tap, r)] = load(w[(r * taps + tap) * S + first + c]);
    }
  }
}

/// S source channels, C of them in shared memory at a time; R result channels; P pixels a thread.
template <int S_, int R_, int K_, int stride_, int P_, int C_>
struct GatherShape {
  static constexpr int S = S_, R = R_, K = K_, stride = stride_, P = P_, C = C_;
  static constexpr int RP = padded(R), threads = 128;
  static constexpr int planes = (P - 1) * stride + K;
  static constexpr int area = stride == 1 ? 300 : 840;  // floats of a plane of the tile
  static constexpr int tile = C * planes * area;
  static constexpr int staged_planes = staged(P, threads* stage_pitch(R), tile);
  static constexpr int stage = staged_planes * threads * stage_pitch(R);
  static constexpr int memory = tile > stage ? tile : stage;
  static constexpr int weights = C * K * K * K * RP;
  static constexpr bool whole = K * RP <= 16;          // weights of kd = 0 .. K-1 in one go
  static constexpr int unrolled = P * R <= 8 ? K : 1;  // more needs too many registers
  static_assert(S % C == 0 && 4 * (memory + weights + threads) <= static_limit);

  static bool matches(const View& v) {
    return v.source_channels == S && v.result_channels == R && v.kernel == K &&
           v.stride == stride && (stride == 1 || !v.transposed);
  }
};

using Gathers = Instances<
    GatherShape<9, 16, 3, 1, 4, 3>, GatherShape<16, 8, 3, 1, 4, 4>, GatherShape<8, 4, 3, 1, 4, 4>,
    GatherShape<4, 2, 3, 1, 8, 2>, GatherShape<2, 1, 3, 1, 8, 2>,  // the merger
    GatherShape<16, 9, 3, 1, 4, 4>, GatherShape<8, 16, 3, 1, 4, 4>, GatherShape<4, 8, 3, 1, 4, 4>,
    GatherShape<2, 4, 3, 1, 4, 2>, GatherShape<1, 2, 3, 1, 8, 1>,    // its gradients of data
    GatherShape<1, 32, 4, 1, 2, 1>, GatherShape<32, 1, 4, 1, 8, 2>,  // refiner.layer1
    GatherShape<1, 32, 4, 2, 2, 1>,   // gradient of data of refiner.layer8
    GatherShape<8, 32, 4, 2, 2, 1>>;  // and of decoder.layer4

template <class Shape, class T>
__global__ void __launch_bounds__(Shape::threads) gather(View v, Cut cut, Maps<T> maps) {
  constexpr int S = Shape::S, R = Shape::R, K = Shape::K, P = Shape::P, C = Shape::C;
  constexpr int RP = Shape::RP, stride = Shape::stride, planes = Shape::planes;
  alignas(16) __shared__ float memory[Shape::memory];
  alignas(16) __shared__ float weights[Shape::weights];
  __shared__ int places[Shape::threads];
  const int thread = int(threadIdx.x);
  const Part part(cut, v.result, Shape::threads);
  const Part::Pixel pixel = part.pixel(thread);
  places[thread] =
      pixel.inside ? (part.first_row + pixel.row) * v.result[2] + part.first_column + pixel.column
                   : -1;
  const int first_depth = part.depth * P;

  const int columns = (cut.width - 1) * stride + K, half = (columns + stride - 1) / stride;
  const int pitch = half * stride;
  const Box box{{first_depth * stride - v.padding[0], part.first_row * stride - v.padding[1],
                 part.first_column * stride - v.padding[2]},
                {planes, (part.rows - 1) * stride + K, columns}};
  const T* sample =
      maps.source + part.sample * v.source[0] * v.source[1] * v.source[2] * std::int64_t(S);
  const int offset = pixel.inside ? pixel.row * stride * pitch + pixel.column : 0;

  float sum[P][R] = {};
#pragma unroll 1
  for (int channel = 0; channel < S; channel += C) {
    if (channel > 0) __syncthreads();
    fill_planar<S, C, stride>(memory, Shape::area, half, box, v.source, sample, channel,
                              maps.packed);
    fill_weights<S, R, RP, K, C>(weights, maps.w, channel, v.transposed, v.turned);
    __syncthreads();
#pragma unroll 1
    for (int c = 0; c < C; ++c)
#pragma unroll 1
      for (int kh = 0; kh < K; ++kh)
#pragma unroll(Shape::unrolled)
        for (int kw = 0; kw < K; ++kw) {
          const float* from = memory + c * planes * Shape::area + offset + kh * pitch +
                              kw % stride * half + kw / stride;
          const float* weight = weights + ((c * K + kh) * K + kw) * K * RP;
          float x[planes];
#pragma unroll
          for (int j = 0; j < planes; ++j) x[j] = from[j * Shape::area];
          float all[Shape::whole ? K * RP : 1];
          if constexpr (Shape::whole) load_floats(weight, all);
#pragma unroll
          for (int kd = 0; kd < K; ++kd) {
            float one[RP];
            if constexpr (!Shape::whole) load_floats(weight + kd * RP, one);
#pragma unroll
            for (int p = 0; p < P; ++p)
#pragma unroll
              for (int r = 0; r < R; ++r)
                sum[p][r] += x[p * stride + kd] * (Shape::whole ? all[kd * RP + r] : one[r]);
          }
        }
  }
  store_sums<R, P, Shape::staged_planes, Shape::threads>(memory, sum, thread, places, maps,
                                                         part.sample, first_depth, v.result);
}

}  // namespace voxgrad::cuda::small_channels
