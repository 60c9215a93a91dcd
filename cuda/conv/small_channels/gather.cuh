// gather of small_channels.h: each pixel of the result collects what it is made of.
#pragma once

#include "cuda/conv/small_channels/result.cuh"
#include "cuda/conv/small_channels/sides.cuh"

namespace voxgrad::cuda::small_channels {

/// Weights of `chunk` source channels as [channel][kh][kw][kd][padded_channels], from forward's
/// [result][taps][source], or from backward_data's [source][taps][result], there with the kernel
/// flipped if `flipped`.
template <int source_channels, int result_channels, int padded_channels, int kernel, int chunk,
          class T>
__device__ void fill_weights(float* to, const T* w, int first, bool transposed, bool flipped) {
  constexpr int taps = kernel * kernel * kernel;
  const auto place = [&](int channel, int tap, int r) {
    const int kd = tap / (kernel * kernel), khw = tap % (kernel * kernel);
    return ((channel * kernel * kernel + khw) * kernel + kd) * padded_channels + r;
  };
#pragma unroll 2
  for (int i = int(threadIdx.x); i < chunk * taps * result_channels; i += int(blockDim.x)) {
    if (transposed) {
      const int r = i % result_channels, tap = i / result_channels % taps,
                c = i / result_channels / taps;
      to[place(c, flipped ? taps - 1 - tap : tap, r)] =
          load(w[((first + c) * taps + tap) * result_channels + r]);
    } else {
      const int c = i % chunk, tap = i / chunk % taps, r = i / chunk / taps;
      to[place(c, tap, r)] = load(w[(r * taps + tap) * source_channels + first + c]);
    }
  }
}

/// What a kernel is compiled for. pixels: of a thread, one above the other along the depth; chunk:
/// source channels in shared memory at a time.
template <int source_channels_, int result_channels_, int kernel_, int stride_, int pixels_,
          int chunk_>
struct GatherShape {
  static constexpr int source_channels = source_channels_, result_channels = result_channels_,
                       kernel = kernel_, stride = stride_, pixels = pixels_, chunk = chunk_;
  static constexpr int padded_channels = padded(result_channels), threads = 128;
  static constexpr int planes = (pixels - 1) * stride + kernel;
  static constexpr int area = stride == 1 ? 300 : 840;  // floats of a plane of the tile
  static constexpr int tile = chunk * planes * area;
  static constexpr int staged_planes = staged(pixels, threads* stage_pitch(result_channels), tile);
  static constexpr int stage = staged_planes * threads * stage_pitch(result_channels);
  static constexpr int memory = tile > stage ? tile : stage;
  static constexpr int weights = chunk * kernel * kernel * kernel * padded_channels;
  static constexpr bool whole = kernel * padded_channels <= 16;  // all kd at once
  // More needs too many registers.
  static constexpr int unrolled = pixels * result_channels <= 8 ? kernel : 1;
  static_assert(source_channels % chunk == 0 && 4 * (memory + weights + threads) <= static_limit);

  static bool matches(const ConvSides& v) {
    return v.source_channels == source_channels && v.result_channels == result_channels &&
           v.kernel == kernel && v.stride == stride && (stride == 1 || !v.transposed);
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
__global__ void __launch_bounds__(Shape::threads) gather(ConvSides v, Cut cut, Maps<T> maps) {
  constexpr int source_channels = Shape::source_channels, result_channels = Shape::result_channels,
                kernel = Shape::kernel, pixels = Shape::pixels, chunk = Shape::chunk;
  constexpr int padded_channels = Shape::padded_channels, stride = Shape::stride,
                planes = Shape::planes;
  alignas(16) __shared__ float memory[Shape::memory];
  alignas(16) __shared__ float weights[Shape::weights];
  __shared__ int places[Shape::threads];
  const int thread = int(threadIdx.x);
  const Part part(cut, v.result, Shape::threads);
  const Part::Pixel pixel = part.pixel(thread);
  places[thread] =
      pixel.inside ? (part.first_row + pixel.row) * v.result[2] + part.first_column + pixel.column
                   : -1;
  const int first_depth = part.depth * pixels;

  const int columns = (cut.width - 1) * stride + kernel, half = (columns + stride - 1) / stride;
  const int pitch = half * stride;
  const Box box{{first_depth * stride - v.padding[0], part.first_row * stride - v.padding[1],
                 part.first_column * stride - v.padding[2]},
                {planes, (part.rows - 1) * stride + kernel, columns}};
  const T* sample = maps.source + part.sample * v.source[0] * v.source[1] * v.source[2] *
                                      std::int64_t(source_channels);
  const int offset = pixel.inside ? pixel.row * stride * pitch + pixel.column : 0;

  float sum[pixels][result_channels] = {};
#pragma unroll 1
  for (int channel = 0; channel < source_channels; channel += chunk) {
    if (channel > 0) __syncthreads();
    fill_planar<source_channels, chunk, stride>(memory, Shape::area, half, box, v.source, sample,
                                                channel, maps.packed);
    fill_weights<source_channels, result_channels, padded_channels, kernel, chunk>(
        weights, maps.w, channel, v.transposed, v.flipped);
    __syncthreads();
#pragma unroll 1
    for (int c = 0; c < chunk; ++c)
#pragma unroll 1
      for (int kh = 0; kh < kernel; ++kh)
#pragma unroll(Shape::unrolled)
        for (int kw = 0; kw < kernel; ++kw) {
          const float* from = memory + c * planes * Shape::area + offset + kh * pitch +
                              kw % stride * half + kw / stride;
          const float* weight =
              weights + ((c * kernel + kh) * kernel + kw) * kernel * padded_channels;
          float x[planes];
#pragma unroll
          for (int j = 0; j < planes; ++j) x[j] = from[j * Shape::area];
          float all[Shape::whole ? kernel * padded_channels : 1];
          if constexpr (Shape::whole) load_floats(weight, all);
#pragma unroll
          for (int kd = 0; kd < kernel; ++kd) {
            float one[padded_channels];
            if constexpr (!Shape::whole) load_floats(weight + kd * padded_channels, one);
#pragma unroll
            for (int p = 0; p < pixels; ++p)
#pragma unroll
              for (int r = 0; r < result_channels; ++r)
                sum[p][r] +=
                    x[p * stride + kd] * (Shape::whole ? all[kd * padded_channels + r] : one[r]);
          }
        }
  }
  store_sums<result_channels, pixels, Shape::staged_planes, Shape::threads>(
      memory, sum, thread, places, maps, part.sample, first_depth, v.result);
}

}  // namespace voxgrad::cuda::small_channels
