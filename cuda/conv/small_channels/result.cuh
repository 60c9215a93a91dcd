// How the kernels of small_channels.h write their results: through shared memory, so that
// neighbouring threads write neighbours, and so that bias and activation are code of one place.
#pragma once

#include "cuda/activate.h"
#include "cuda/conv/small_channels/tile.cuh"

namespace voxgrad::cuda::small_channels {

/// What a kernel reads and writes besides the geometry. packed: maps may be read and written in
/// packs; wide: an f32 result of bf16 factors.
template <class T>
struct Maps {
  const T* source;
  const T* w;
  const float* bias;
  void* result;
  Activation activation;
  bool packed, wide;

  Maps(const Tensor& from, const Tensor& weights, const Epilogue& epilogue, const Tensor& to)
      : source(from.data<T>()),
        w(weights.data<T>()),
        bias(epilogue.bias.defined() ? epilogue.bias.data<float>() : nullptr),
        result(to.raw()),
        activation(epilogue.activation),
        packed(aligned(from) && aligned(to)),
        wide(to.dtype() == DType::f32) {}

 private:
  static bool aligned(const Tensor& tensor) {
    return reinterpret_cast<std::uintptr_t>(tensor.raw()) % 16 == 0;
  }
};

/// Channels of a result as laid out in shared memory: padded for packs of four.
constexpr int padded(int channels) {
  return channels > 2 ? (channels + 3) / 4 * 4 : channels;
}

/// Floats between the pixels of a staged result, so that packs fall on different banks.
constexpr int stage_pitch(int channels) {
  return channels % 4 == 0 && channels >= 8 ? channels + 4 : channels;
}

/// A thread's channels of one pixel to shared memory.
template <int channels>
__device__ void stage_pixel(float* stage, int pixel, const float (&sum)[channels]) {
  constexpr int V = channels % 4 == 0 ? 4 : channels == 2 ? 2 : 1;
  float* to = stage + pixel * stage_pitch(channels);
#pragma unroll
  for (int r = 0; r < channels; r += V) {
    Pack<float, V> pack;
#pragma unroll
    for (int j = 0; j < V; ++j) pack.element[j] = sum[r + j];
    store_pack(to + r, pack);
  }
}

/// How many of `planes` planes of a result are staged at a time, in no more memory than a tile has
/// (but one always).
constexpr int staged(int planes, int plane, int tile) {
  int count = planes;
  while (count > 1 && count * plane > tile) count /= 2;
  return count;
}

/// Staged planes [plane][pixel] to their places in the result, from `depth` on, with bias and
/// activation. Done by `threads` threads together, so that neighbours write neighbours.
template <int channels, int planes, int pixels, class T>
__device__ void store_staged(const float* stage, const int* places, const Maps<T>& maps,
                             std::int64_t sample, int depth, const int (&result)[3], int thread,
                             int threads) {
  constexpr int V = channels % 4 == 0 ? 4 : channels == 2 ? 2 : 1;
  constexpr int packs = channels / V;
#pragma unroll 1
  for (int e = thread; e < planes * pixels * packs; e += threads) {
    const int staged_pixel = e / packs, channel = e % packs * V;
    const int place = places[staged_pixel % pixels], at_depth = depth + staged_pixel / pixels;
    if (place < 0 || at_depth >= result[0]) continue;
    Pack<float, V> pack = load_pack<V>(stage + staged_pixel * stage_pitch(channels) + channel);
#pragma unroll
    for (int j = 0; j < V; ++j)
      pack.element[j] =
          activate(maps.activation, pack.element[j] + (maps.bias ? maps.bias[channel + j] : 0.0f));
    const std::int64_t plane = (sample * result[0] + at_depth) * result[1] * result[2];
    const std::int64_t at = (plane + place) * channels + channel;
    if (maps.wide || std::is_same_v<T, float>) {
      store_pack(static_cast<float*>(maps.result) + at, pack, maps.packed);
    } else {
      Pack<T, V> narrowed;
#pragma unroll
      for (int j = 0; j < V; ++j) narrowed.element[j] = store<T>(pack.element[j]);
      store_pack(static_cast<T*>(maps.result) + at, narrowed, maps.packed);
    }
  }
}

/// A thread's sums of `planes` planes, each one's at `slot`, to the result from `depth` on.
template <int channels, int planes, int staged_planes, int pixels, class T>
__device__ void store_sums(float* stage, const float (&sum)[planes][channels], int slot,
                           const int* places, const Maps<T>& maps, std::int64_t sample, int depth,
                           const int (&result)[3]) {
#pragma unroll
  for (int p = 0; p < planes; p += staged_planes) {
    __syncthreads();
#pragma unroll
    for (int i = 0; i < staged_planes; ++i) stage_pixel(stage, i * pixels + slot, sum[p + i]);
    __syncthreads();
    store_staged<channels, staged_planes, pixels>(stage, places, maps, sample, depth + p, result,
                                                  int(threadIdx.x), int(blockDim.x));
  }
}

}  // namespace voxgrad::cuda::small_channels
