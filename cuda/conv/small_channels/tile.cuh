// What the kernels of small_channels.h share: the choice of an instance, and tiles of a map in
// shared memory.
#pragma once

#include "cuda/runtime/launch.cuh"
#include "cuda/runtime/packs.h"
#include "tensor/ops/conv_ops.h"

namespace voxgrad::cuda::small_channels {

/// The instances of a kernel. choose() calls f.template operator()<Shape>() for the first that
/// matches, and returns what it returns; false if none does.
template <class... Shapes>
struct Instances {
  template <class Problem, class F>
  static bool choose(const Problem& problem, F&& f) {
    return ((Shapes::matches(problem) && f.template operator()<Shapes>()) || ...);
  }
};

inline bool cubic(const ConvGeometry& g, std::int64_t kernel, std::int64_t stride) {
  return g.kernel == Triple{kernel, kernel, kernel} && g.stride == Triple{stride, stride, stride};
}

/// f32 or bf16, the only factors these kernels take.
template <class F>
void dispatch_factor(DType dtype, F&& f) {
  if (dtype == DType::bf16)
    f.template operator()<BFloat16>();
  else
    f.template operator()<float>();
}

constexpr int static_limit = 48 * 1024;  // bytes of shared memory that a kernel may declare

/// The widest pack of at most `most` elements that divides a row of n.
constexpr int width_of(int n, int most = 4) {
  return n % most == 0 ? most : width_of(n, most / 2);
}

/// N floats of shared memory; `from` is as aligned as N allows.
template <int N>
__device__ void load_floats(const float* from, float (&to)[N]) {
  constexpr int V = width_of(N);
#pragma unroll
  for (int i = 0; i < N; i += V) {
    const Pack<float, V> pack = load_pack<V>(from + i);
#pragma unroll
    for (int j = 0; j < V; ++j) to[i + j] = pack.element[j];
  }
}

/// A box of a map [N,D,H,W,channels]: where it begins (outside of the map, if it has a margin) and
/// its extents.
struct Box {
  int begin[3], extent[3];
};

/// Channels [first, first + chunk) of the box as f32: tile[channel][plane][row][place(column)] with
/// `area` floats per plane; 0 outside of the map. With stride 2 the columns of one parity are
/// adjacent, so that neighbouring threads read neighbouring floats: place = column / 2, plus `half`
/// for odd ones. A warp takes a row at a time.
template <int map_channels, int chunk, int stride, class T>
__device__ void fill_planar(float* tile, int area, int half, const Box& box, const int (&map)[3],
                            const T* sample, int first, bool packed) {
  constexpr int V = map_channels % chunk == 0 ? width_of(chunk) : 1;
  constexpr int packs = chunk / V;
  const int rows = box.extent[0] * box.extent[1], columns = box.extent[2];
  const int pitch = half * stride;
#pragma unroll 1
  for (int i = int(threadIdx.x) / 32; i < rows; i += int(blockDim.x) / 32) {
    const int plane = i / box.extent[1], row = i % box.extent[1];
    const int depth = box.begin[0] + plane, height = box.begin[1] + row;
    const bool valid = depth >= 0 && depth < map[0] && height >= 0 && height < map[1];
    const std::int64_t start = (std::int64_t(depth) * map[1] + height) * map[2];
    float* to = tile + plane * area + row * pitch;
#pragma unroll(V == 1 ? 2 : 1)
    for (int e = int(threadIdx.x) % 32; e < columns * packs; e += 32) {
      const int column = e / packs, channel = e % packs * V;
      const int width = box.begin[2] + column;
      Pack<T, V> pack{};
      if (valid && width >= 0 && width < map[2])
        pack = load_pack<V>(sample + (start + width) * map_channels + first + channel, packed);
      const int place = column % stride * half + column / stride;
#pragma unroll
      for (int j = 0; j < V; ++j)
        to[(channel + j) * box.extent[0] * area + place] = load(pack.element[j]);
    }
  }
}

}  // namespace voxgrad::cuda::small_channels
