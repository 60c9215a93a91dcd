#include "cpu/conv/small_channels.h"

#include <omp.h>

#include <algorithm>
#include <vector>

#include "cpu/conv/small_channels_kernels.h"
#include "cpu/parallel.h"
#include "simd/isa.h"

namespace voxgrad::cpu::small_channels {
namespace {

constexpr std::int64_t kMostIn = 16, kMostOut = 8;
constexpr std::int64_t kDepths = 4;  // of y, in a slab: with its border it stays in a core's cache

/// What kDepths planes of y see of one sample.
struct SlabMemory {
  std::int64_t height, row, depth = kDepths + 2;
  Tensor elements;

  explicit SlabMemory(const ConvGeometry& g)
      : height(g.output[1] + 2),
        row((g.output[2] + kWidth - 1) / kWidth * kWidth + 2),
        elements({g.in_channels, depth, height, row}, DType::f32) {}
  Slab slab() const { return {elements.data<float>(), elements.shape()[0], depth, height, row}; }

  void fill(const ConvGeometry& g, const float* sample, std::int64_t first_depth) {
    float* const to = elements.data<float>();
    const std::int64_t channels = g.in_channels;
    for (std::int64_t d = 0; d < depth; ++d)
      for (std::int64_t h = 0; h < height; ++h) {
        const std::int64_t from_d = first_depth + d - g.padding[0], from_h = h - g.padding[1];
        const bool inside =
            from_d >= 0 && from_d < g.input[0] && from_h >= 0 && from_h < g.input[1];
        const std::int64_t begin = g.padding[2];
        const std::int64_t end = inside ? std::min(row, begin + g.input[2]) : begin;
        const float* const from = sample + (from_d * g.input[1] + from_h) * g.input[2] * channels;
        for (std::int64_t c = 0; c < channels; ++c) {
          float* const line = to + ((c * depth + d) * height + h) * row;
          std::fill_n(line, begin, 0.0f);
          for (std::int64_t w = begin; w < end; ++w) line[w] = from[(w - begin) * channels + c];
          std::fill(line + end, line + row, 0.0f);
        }
      }
  }
};

/// w [Cout, tap, Cin] as [Cin, tap, out], zeros where channels are missing.
Tensor arrange(const ConvGeometry& g, const Tensor& w, std::int64_t out) {
  Tensor result = Tensor::zeros({g.in_channels, kTaps, out});
  const float* const from = w.data<float>();
  float* const to = result.data<float>();
  for (std::int64_t f = 0; f < g.out_channels; ++f)
    for (std::int64_t tap = 0; tap < kTaps; ++tap)
      for (std::int64_t c = 0; c < g.in_channels; ++c)
        to[(c * kTaps + tap) * out + f] = from[(f * kTaps + tap) * g.in_channels + c];
  return result;
}

/// Planes [begin, begin + kDepths) of a sample's y, as far as there are any.
void convolve_slab(const ConvGeometry& g, const Slab& slab, std::int64_t begin,
                   const Tensor& weights, float* y) {
  const std::int64_t end = std::min(begin + kDepths, g.output[0]);
  const std::int64_t plane = g.output[1] * g.output[2] * g.out_channels;
  for (std::int64_t d = begin; d < end; ++d)
    convolve_plane(slab, d - begin, weights.data<float>(), weights.shape()[-1],
                   {y + d * plane, g.output[1], g.output[2], g.out_channels});
}

}  // namespace

bool supports(const ConvGeometry& g) {
  return g.spatial_rank == 3 && g.kernel == Triple{3, 3, 3} && g.stride == Triple{1, 1, 1} &&
         g.in_channels <= kMostIn && g.out_channels <= kMostOut;
}

bool preferred(const ConvGeometry& g) {
  constexpr std::int64_t min_voxels = 4096, min_width = 16;
  return current_isa() != Isa::portable && supports(g) && g.output[2] >= min_width &&
         g.output_volume() >= min_voxels;
}

void forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Tensor& y) {
  std::int64_t filters = 1;
  while (filters < g.out_channels) filters *= 2;
  const Tensor weights = arrange(g, w, filters);
  const float* const from = x.data<float>();
  float* const to = y.data<float>();
  const std::int64_t slabs = (g.output[0] + kDepths - 1) / kDepths;
  // Each its own, made here: no exception may leave a thread of the loop.
  std::vector<SlabMemory> memory;
  const std::int64_t tasks = std::min<std::int64_t>(g.batch * slabs, omp_get_max_threads());
  for (std::int64_t i = 0; i < tasks; ++i) memory.emplace_back(g);
  for_each_task(tasks, g.batch * g.output_volume() * g.in_channels / tasks, [&](std::int64_t task) {
    SlabMemory& own = memory[std::size_t(task)];
    for (std::int64_t i = task; i < g.batch * slabs; i += tasks) {
      const std::int64_t sample = i / slabs, depth = i % slabs * kDepths;
      own.fill(g, from + sample * g.input_volume() * g.in_channels, depth);
      convolve_slab(g, own.slab(), depth, weights,
                    to + sample * g.output_volume() * g.out_channels);
    }
  });
}

}  // namespace voxgrad::cpu::small_channels
