#include "cpu/conv/single_channel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/conv/single_channel.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "cpu/onednn/onednn.h"
#include "cpu/parallel.h"
#include "simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::single_channel::HWY_NAMESPACE {
namespace {

/// to[o * stride + shift] += from[o] for every o in [0, count) that falls into [0, length).
void add_shifted(const float* from, std::int64_t count, std::int64_t stride, std::int64_t shift,
                 float* to, std::int64_t length) {
  const std::int64_t begin = shift < 0 ? (-shift + stride - 1) / stride : 0;
  const std::int64_t end = std::min(count, (length - 1 - shift) / stride + 1);
  if (shift >= length) return;
  float* const first = to + shift;
  if (stride == 1) {
#pragma omp simd
    for (std::int64_t o = begin; o < end; ++o) first[o] += from[o];
  } else {
    for (std::int64_t o = begin; o < end; ++o) first[o * stride] += from[o];
  }
}

/// Adds up the maps [taps, D', H', W'] of one sample into dx [D, H, W].
void add_maps(const ConvGeometry& g, const float* maps, float* dx) {
  // The position of y whose window has dx's position i under tap k, or -1.
  const auto source = [&](int axis, std::int64_t i, std::int64_t k) {
    const std::int64_t distance = i + g.padding[axis] - k;
    if (distance < 0 || distance % g.stride[axis] != 0) return std::int64_t(-1);
    const std::int64_t o = distance / g.stride[axis];
    return o < g.output[axis] ? o : std::int64_t(-1);
  };
  for_each_task(
      g.input[0] * g.input[1], g.input[2] * g.kernel_volume(), [&](std::int64_t row) HWY_ATTR {
        float* const out = dx + row * g.input[2];
        std::fill_n(out, g.input[2], 0.0f);
        for (std::int64_t kd = 0; kd < g.kernel[0]; ++kd) {
          const std::int64_t od = source(0, row / g.input[1], kd);
          if (od < 0) continue;
          for (std::int64_t kh = 0; kh < g.kernel[1]; ++kh) {
            const std::int64_t oh = source(1, row % g.input[1], kh);
            if (oh < 0) continue;
            for (std::int64_t kw = 0; kw < g.kernel[2]; ++kw) {
              const std::int64_t tap = (kd * g.kernel[1] + kh) * g.kernel[2] + kw;
              const float* from =
                  maps + ((tap * g.output[0] + od) * g.output[1] + oh) * g.output[2];
              add_shifted(from, g.output[2], g.stride[2], kw - g.padding[2], out, g.input[2]);
            }
          }
        }
      });
}

}  // namespace
}  // namespace voxgrad::cpu::single_channel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu::single_channel {

HWY_EXPORT(add_maps);

bool supports(const ConvGeometry& g) {
  return g.in_channels == 1;
}

bool preferred(const ConvGeometry& g) {
  return supports(g) && g.spatial_rank == 3 && g.kernel_volume() >= 8 && g.out_channels >= 8;
}

void backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w, const Tensor& dx) {
  const std::int64_t taps = g.kernel_volume(), pixels = g.output_volume();
  const Tensor maps({taps, pixels}, DType::f32);  // of one sample: they stay in the cache
  for (std::int64_t n = 0; n < g.batch; ++n) {
    onednn::multiply(taps, pixels, g.out_channels, {w.data<float>(), taps, true},
                     {dy.data<float>() + n * pixels * g.out_channels, g.out_channels, true},
                     maps.data<float>());
    HWY_DYNAMIC_DISPATCH(add_maps)
    (g, maps.data<float>(), dx.data<float>() + n * g.input_volume());
  }
}

}  // namespace voxgrad::cpu::single_channel
#endif
