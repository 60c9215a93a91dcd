#include "cpu/conv/weight_bound.h"

#include <algorithm>
#include <vector>

#include "cpu/conv/weight_bound_kernels.h"
#include "cpu/parallel.h"
#include "simd/isa.h"

namespace voxgrad::cpu::weight_bound {
namespace {

// Of the filters, whose sums are added up in the end: backward data.
constexpr std::int64_t kParts = 16;

/// For every tap, in the order of the weights, the pixels that it joins.
TapPairs pairs_of_taps(const ConvGeometry& g) {
  TapPairs result;
  for (std::int64_t kd = 0; kd < g.kernel[0]; ++kd)
    for (std::int64_t kh = 0; kh < g.kernel[1]; ++kh)
      for (std::int64_t kw = 0; kw < g.kernel[2]; ++kw) {
        std::vector<Pair>& pairs = result.emplace_back();
        for (std::int64_t y = 0; y < g.batch * g.output_volume(); ++y) {
          const Triple at{y / g.output[2] / g.output[1] % g.output[0],
                          y / g.output[2] % g.output[1], y % g.output[2]};
          const Triple tap{kd, kh, kw};
          std::int64_t x = y / g.output_volume();  // the sample
          bool inside = true;
          for (int a = 0; a < 3; ++a) {
            const std::int64_t position = at[a] * g.stride[a] + tap[a] - g.padding[a];
            inside = inside && position >= 0 && position < g.input[a];
            x = x * g.input[a] + position;
          }
          if (inside) pairs.push_back({y, x});
        }
      }
  return result;
}

/// run(geometry, begin, end) for samples [begin, end) that have at most kMostPixels pixels: as many
/// sums are made at a time.
template <class Run>
void in_batches(const ConvGeometry& g, Run run) {
  const std::int64_t most = std::max<std::int64_t>(1, kMostPixels / g.output_volume());
  for (std::int64_t begin = 0; begin < g.batch; begin += most) {
    ConvGeometry part = g;
    part.batch = std::min(most, g.batch - begin);
    run(part, begin, begin + part.batch);
  }
}

}  // namespace

bool supports(const ConvGeometry& g) {
  return g.in_channels % kGroup == 0 && g.output_volume() <= kMostPixels;
}

bool preferred(const ConvGeometry& g) {
  // By time on two AVX-512 cores. Lighter weights cost little to reorder, and the heaviest ones
  // more than the arithmetic at any batch. A linear layer saves no padding; from 16 samples on its
  // matrix product was faster. Pix2Vox has no 2-D layer of the kind.
  constexpr std::int64_t heavy = 1 << 19, heaviest = 1 << 24;  // weights
  constexpr std::int64_t max_rows = 8;
  const std::int64_t weights = g.out_channels * g.kernel_volume() * g.in_channels;
  if (current_isa() == Isa::portable || !supports(g) || g.spatial_rank == 2) return false;
  if (g.kernel_volume() == 1) return weights >= heavy && g.batch * g.output_volume() <= max_rows;
  return weights >= (g.batch * g.output_volume() <= kMostPixels ? heavy : heaviest);
}

void forward(const ConvGeometry& geometry, const Tensor& x, const Tensor& w, const Tensor& y) {
  const float* const weights = w.data<float>();
  in_batches(geometry, [&](const ConvGeometry& g, std::int64_t begin, std::int64_t end) {
    const TapPairs taps = pairs_of_taps(g);
    const float* const pixels = x.slice(begin, end).data<float>();
    float* const out = y.slice(begin, end).data<float>();
    const std::int64_t step = forward_filters();
    for_each_task((g.out_channels + step - 1) / step, step * g.kernel_volume() * g.in_channels,
                  [&](std::int64_t i) {
                    forward(g, taps, i * step, std::min((i + 1) * step, g.out_channels), pixels,
                            weights, out);
                  });
  });
}

void backward_data(const ConvGeometry& geometry, const Tensor& dy, const Tensor& w,
                   const Tensor& dx) {
  const float* const weights = w.data<float>();
  in_batches(geometry, [&](const ConvGeometry& g, std::int64_t begin, std::int64_t end) {
    const TapPairs taps = pairs_of_taps(g);
    const Tensor result = dx.slice(begin, end);
    const std::int64_t n = result.numel();
    const Tensor parts({kParts, n}, DType::f32);
    const float* const gradient = dy.slice(begin, end).data<float>();
    float *const sums = parts.data<float>(), *const out = result.data<float>();
    for_each_task(kParts, w.numel() / kParts, [&](std::int64_t part) {
      float* const mine = sums + part * n;
      std::fill_n(mine, n, 0.0f);
      backward_data(g, taps, part * g.out_channels / kParts, (part + 1) * g.out_channels / kParts,
                    gradient, weights, mine);
    });
    for_each_index(n, [=](std::int64_t i) {
      float total = sums[i];
      for (std::int64_t part = 1; part < kParts; ++part) total += sums[part * n + i];
      out[i] = total;
    });
  });
}

void backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
  const TapPairs taps = pairs_of_taps(g);
  const float *const pixels = x.data<float>(), *const gradient = dy.data<float>();
  float* const out = dw.data<float>();
  const std::int64_t step = gradient_filters();
  for_each_task((g.out_channels + step - 1) / step, step * g.kernel_volume() * g.in_channels,
                [&](std::int64_t i) {
                  backward_weight(g, taps, i * step, std::min((i + 1) * step, g.out_channels),
                                  pixels, gradient, out);
                });
}

}  // namespace voxgrad::cpu::weight_bound
