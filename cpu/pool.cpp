// Max pooling. Both directions walk over the pixels they write and treat all channels of one at a
// time. The backward pass asks, for every input pixel, which of the windows over it it has won.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/pool.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "simd/simd.h"
#include "tensor/ops/convert_ops.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::HWY_NAMESPACE {
namespace {

/// The taps [begin, end) of window o along an axis that are in the map; tap k is at origin + k.
struct TapRange {
  std::int64_t origin, begin, end;
  TapRange(const PoolGeometry& g, int axis, std::int64_t o)
      : origin(o * g.stride[axis] - g.padding[axis]),
        begin(std::max<std::int64_t>(0, -origin)),
        end(std::min(g.kernel[axis], g.input[axis] - origin)) {}
};

template <class S>
void max_forward_typed(const PoolGeometry& g, const S* x, S* y, std::uint8_t* argmax) {
  const std::int64_t channels = g.channels;
  const std::int64_t rows = g.batch * g.output[0] * g.output[1];
  const std::int64_t row_cost = g.output[2] * channels * g.kernel[0] * g.kernel[1] * g.kernel[2];
  for_each_task(rows, row_cost, [&](std::int64_t row) HWY_ATTR {
    const std::int64_t oh = row % g.output[1];
    const std::int64_t od = row / g.output[1] % g.output[0];
    const std::int64_t n = row / g.output[1] / g.output[0];
    const TapRange depth(g, 0, od), height(g, 1, oh);
    for (std::int64_t ow = 0; ow < g.output[2]; ++ow) {
      S* best = y + (row * g.output[2] + ow) * channels;
      std::uint8_t* winner = argmax ? argmax + (row * g.output[2] + ow) * channels : nullptr;
      const TapRange width(g, 2, ow);
      bool first = true;
      for (std::int64_t kd = depth.begin; kd < depth.end; ++kd) {
        for (std::int64_t kh = height.begin; kh < height.end; ++kh) {
          const std::int64_t id = depth.origin + kd, ih = height.origin + kh;
          const S* in = x + (((n * g.input[0] + id) * g.input[1] + ih) * g.input[2] + width.origin +
                             width.begin) *
                                channels;
          std::int64_t tap = (kd * g.kernel[1] + kh) * g.kernel[2] + width.begin;
          for (std::int64_t kw = width.begin; kw < width.end; ++kw, ++tap, in += channels) {
            if (first) {
              std::copy_n(in, channels, best);
              if (winner) std::fill_n(winner, channels, std::uint8_t(tap));
              first = false;
            } else if (winner) {
#pragma omp simd
              for (std::int64_t c = 0; c < channels; ++c) {
                const Compute<S> value = load(in[c]);
                const bool wins = value > load(best[c]) || value != value;
                winner[c] = wins ? std::uint8_t(tap) : winner[c];
                best[c] = wins ? in[c] : best[c];
              }
            } else {
#pragma omp simd
              for (std::int64_t c = 0; c < channels; ++c) {
                const Compute<S> value = load(in[c]);
                best[c] = value > load(best[c]) || value != value ? in[c] : best[c];
              }
            }
          }
        }
      }
    }
  });
}

void max_forward(const PoolGeometry& g, const Tensor& x, const Tensor& y, const Tensor& argmax) {
  dispatch_floating("max_pool", x.dtype(), [&]<class S>() {
    max_forward_typed(g, x.data<S>(), y.data<S>(),
                      argmax.defined() ? argmax.data<std::uint8_t>() : nullptr);
  });
}

/// The windows [first, last] that hold the input at `place` along an axis, counted with the
/// padding.
struct WindowRange {
  std::int64_t place, first, last;
  WindowRange(const PoolGeometry& g, int axis, std::int64_t i)
      : place(i + g.padding[axis]),
        first(place < g.kernel[axis] ? 0 : (place - g.kernel[axis]) / g.stride[axis] + 1),
        last(std::min(place / g.stride[axis], g.output[axis] - 1)) {}
};

/// Where windows overlap, bf16 sums are rounded once per window.
template <class S>
void max_backward_typed(const PoolGeometry& g, const S* dy, const std::uint8_t* argmax, S* dx) {
  using T = Compute<S>;
  const std::int64_t channels = g.channels;
  const std::int64_t rows = g.batch * g.input[0] * g.input[1];
  for_each_task(rows, g.input[2] * channels, [&](std::int64_t row) HWY_ATTR {
    const std::int64_t ih = row % g.input[1];
    const std::int64_t id = row / g.input[1] % g.input[0];
    const std::int64_t n = row / g.input[1] / g.input[0];
    const WindowRange depth(g, 0, id), height(g, 1, ih);
    for (std::int64_t iw = 0; iw < g.input[2]; ++iw) {
      const WindowRange width(g, 2, iw);
      S* out = dx + (row * g.input[2] + iw) * channels;
      std::fill_n(out, channels, store<S>(0));
      for (std::int64_t od = depth.first; od <= depth.last; ++od) {
        for (std::int64_t oh = height.first; oh <= height.last; ++oh) {
          for (std::int64_t ow = width.first; ow <= width.last; ++ow) {
            const std::int64_t kd = depth.place - od * g.stride[0];
            const std::int64_t kh = height.place - oh * g.stride[1];
            const std::int64_t kw = width.place - ow * g.stride[2];
            const auto tap = std::uint8_t((kd * g.kernel[1] + kh) * g.kernel[2] + kw);
            const std::int64_t offset =
                (((n * g.output[0] + od) * g.output[1] + oh) * g.output[2] + ow) * channels;
            const S* gradient = dy + offset;
            const std::uint8_t* winner = argmax + offset;
#pragma omp simd
            for (std::int64_t c = 0; c < channels; ++c)
              out[c] = store<S>(load(out[c]) + (winner[c] == tap ? load(gradient[c]) : T(0)));
          }
        }
      }
    }
  });
}

void max_backward(const PoolGeometry& g, const Tensor& dy, const Tensor& argmax, const Tensor& dx) {
  dispatch_floating("max_pool_backward", dy.dtype(), [&]<class S>() {
    max_backward_typed(g, dy.data<S>(), argmax.data<std::uint8_t>(), dx.data<S>());
  });
}

}  // namespace

PoolOps make_pool_ops() {
  return {max_forward, max_backward};
}

}  // namespace voxgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu {

HWY_EXPORT(make_pool_ops);
const PoolOps& pool_ops() {
  simd::limit_kernels();  // as this may be called before this file's static objects are made
  static const PoolOps ops = HWY_DYNAMIC_DISPATCH(make_pool_ops)();
  return ops;
}

}  // namespace voxgrad::cpu
#endif
