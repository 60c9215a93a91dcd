// Max pooling. Both directions give a block to every row of the pixels they write; a thread takes a
// pack of channels of one pixel at a time. The backward pass asks, for every input pixel, which of
// the windows over it it has won, so nothing is added by two threads.
#include <algorithm>

#include "cuda/kernels.h"
#include "cuda/rows.cuh"

namespace voxgrad::cuda {
namespace {

struct PoolSizes {
  int channels;
  int input[3], output[3], kernel[3], stride[3], padding[3];

  explicit PoolSizes(const PoolGeometry& g) : channels(int(g.channels)) {
    for (int axis = 0; axis < 3; ++axis) {
      input[axis] = int(g.input[axis]);
      output[axis] = int(g.output[axis]);
      kernel[axis] = int(g.kernel[axis]);
      stride[axis] = int(g.stride[axis]);
      padding[axis] = int(g.padding[axis]);
    }
  }
};

/// The taps [begin, end) of window o along an axis that are in the map; tap k is at origin + k.
struct TapRange {
  int origin, begin, end;
  __device__ TapRange(const PoolSizes& g, int axis, int o) {
    origin = o * g.stride[axis] - g.padding[axis];
    begin = origin < 0 ? -origin : 0;
    end = g.kernel[axis] < g.input[axis] - origin ? g.kernel[axis] : g.input[axis] - origin;
  }
};

template <int V, class T>
__global__ void max_forward_kernel(PoolSizes g, const T* x, T* y, std::uint8_t* argmax) {
  using C = Compute<T>;
  const int oh = int(blockIdx.x) % g.output[1];
  const int od = int(blockIdx.x) / g.output[1] % g.output[0];
  const int n = int(blockIdx.x) / g.output[1] / g.output[0];
  const int packs = g.channels / V;
  const TapRange depth(g, 0, od), height(g, 1, oh);
  for (int item = int(threadIdx.x); item < g.output[2] * packs; item += int(blockDim.x)) {
    const int ow = item / packs, channel = item % packs * V;
    Pack<T, V> best{};
    Pack<std::uint8_t, V> winner{};
    const TapRange width(g, 2, ow);
    bool first = true;
    for (int kd = depth.begin; kd < depth.end; ++kd) {
      for (int kh = height.begin; kh < height.end; ++kh) {
        const std::int64_t row =
            (std::int64_t(n) * g.input[0] + depth.origin + kd) * g.input[1] + height.origin + kh;
        const T* in = x + (row * g.input[2] + width.origin + width.begin) * g.channels + channel;
        int tap = (kd * g.kernel[1] + kh) * g.kernel[2] + width.begin;
        for (int kw = width.begin; kw < width.end; ++kw, ++tap, in += g.channels) {
          const Pack<T, V> values = load_pack<V>(in);
#pragma unroll
          for (int j = 0; j < V; ++j) {
            const C value = convert_value<C>(values.element[j]);
            if (first || value > convert_value<C>(best.element[j]) || value != value) {
              best.element[j] = values.element[j];
              winner.element[j] = std::uint8_t(tap);
            }
          }
          first = false;
        }
      }
    }
    const std::int64_t out = (std::int64_t(blockIdx.x) * g.output[2] + ow) * g.channels + channel;
    store_pack(y + out, best);
    if (argmax) store_pack(argmax + out, winner);
  }
}

/// The windows [first, last] that hold the input at `place` along an axis, counted with the
/// padding.
struct WindowRange {
  int place, first, last;
  __device__ WindowRange(const PoolSizes& g, int axis, int i) {
    place = i + g.padding[axis];
    first = place < g.kernel[axis] ? 0 : (place - g.kernel[axis]) / g.stride[axis] + 1;
    last = place / g.stride[axis] < g.output[axis] ? place / g.stride[axis] : g.output[axis] - 1;
  }
};

template <int V, class T>
__global__ void max_backward_kernel(PoolSizes g, const T* dy, const std::uint8_t* argmax, T* dx) {
  using C = Compute<T>;
  const int ih = int(blockIdx.x) % g.input[1];
  const int id = int(blockIdx.x) / g.input[1] % g.input[0];
  const int n = int(blockIdx.x) / g.input[1] / g.input[0];
  const WindowRange depth(g, 0, id), height(g, 1, ih);
  const int packs = g.channels / V;
  for (int item = int(threadIdx.x); item < g.input[2] * packs; item += int(blockDim.x)) {
    const int iw = item / packs, channel = item % packs * V;
    const WindowRange width(g, 2, iw);
    C sum[V] = {};
    for (int od = depth.first; od <= depth.last; ++od) {
      for (int oh = height.first; oh <= height.last; ++oh) {
        for (int ow = width.first; ow <= width.last; ++ow) {
          const int kd = depth.place - od * g.stride[0], kh = height.place - oh * g.stride[1];
          const int kw = width.place - ow * g.stride[2];
          const int tap = (kd * g.kernel[1] + kh) * g.kernel[2] + kw;
          const std::int64_t row = (std::int64_t(n) * g.output[0] + od) * g.output[1] + oh;
          const std::int64_t at = (row * g.output[2] + ow) * g.channels + channel;
          const Pack<T, V> gradient = load_pack<V>(dy + at);
          const Pack<std::uint8_t, V> winner = load_pack<V>(argmax + at);
#pragma unroll
          for (int j = 0; j < V; ++j)
            sum[j] += winner.element[j] == tap ? convert_value<C>(gradient.element[j]) : C(0);
        }
      }
    }
    Pack<T, V> out;
#pragma unroll
    for (int j = 0; j < V; ++j) out.element[j] = convert_value<T>(sum[j]);
    store_pack(dx + (std::int64_t(blockIdx.x) * g.input[2] + iw) * g.channels + channel, out);
  }
}

/// Threads for a row of so many packs: whole warps, at most 256.
dim3 threads_for(std::int64_t items) {
  return dim3(unsigned(std::min<std::int64_t>(kThreads, divide_up(items, 32) * 32)));
}

void max_forward(const PoolGeometry& g, const Tensor& x, const Tensor& y, const Tensor& argmax) {
  const OpScope op("max_pool", x, y, argmax);
  const auto rows = unsigned(g.batch * g.output[0] * g.output[1]);
  std::uint8_t* const tap = argmax.defined() ? argmax.data<std::uint8_t>() : nullptr;
  dispatch_floating("max_pool", x.dtype(), [&]<class T>() {
    dispatch_width<T>(g.channels, {x.data<T>(), y.data<T>()}, tap, [&]<int V>() {
      launch(max_forward_kernel<V, T>, dim3(rows), threads_for(g.output[2] * g.channels / V), 0,
             PoolSizes(g), x.data<T>(), y.data<T>(), tap);
    });
  });
}

void max_backward(const PoolGeometry& g, const Tensor& dy, const Tensor& argmax, const Tensor& dx) {
  const OpScope op("max_pool_backward", dy, argmax, dx);
  const auto rows = unsigned(g.batch * g.input[0] * g.input[1]);
  const std::uint8_t* const tap = argmax.data<std::uint8_t>();
  dispatch_floating("max_pool_backward", dy.dtype(), [&]<class T>() {
    dispatch_width<T>(g.channels, {dy.data<T>(), dx.data<T>()}, tap, [&]<int V>() {
      launch(max_backward_kernel<V, T>, dim3(rows), threads_for(g.input[2] * g.channels / V), 0,
             PoolSizes(g), dy.data<T>(), tap, dx.data<T>());
    });
  });
}

}  // namespace

const PoolOps pool_ops{max_forward, max_backward};

}  // namespace voxgrad::cuda
