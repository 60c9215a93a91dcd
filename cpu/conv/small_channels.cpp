#include "cpu/conv/small_channels.h"

#include <omp.h>

#include <algorithm>
#include <vector>

#include "cpu/parallel.h"

namespace voxgrad::cpu::small_channels {
namespace {

constexpr std::int64_t kLanes = 16, kWidth = 2 * kLanes;  // of a row's piece
constexpr std::int64_t kMostIn = 16, kMostOut = 8;
constexpr std::int64_t kDepths = 4;  // of y, in a slab: with its border it stays in a core's cache
constexpr std::int64_t kTaps = 27;

using Lanes [[gnu::vector_size(4 * kLanes)]] = float;

void read(const float* from, Lanes& value) {
  __builtin_memcpy(&value, from, sizeof value);
}

/// What kDepths planes of y see of one sample: [channels, depth, height, row], zeros in the
/// padding.
struct Slab {
  std::int64_t height, row, depth = kDepths + 2;
  Tensor elements;

  explicit Slab(const ConvGeometry& g)
      : height(g.output[1] + 2),
        row((g.output[2] + kWidth - 1) / kWidth * kWidth + 2),
        elements({g.in_channels, depth, height, row}, DType::f32) {}
  std::int64_t plane() const { return height * row; }

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

/// kWidth neighbours of y for `out` channels; weights [channels of x, tap, out].
template <int out>
void convolve_piece(std::int64_t channels, const Slab& slab, const float* corner,
                    const float* weights, float (&result)[out][kWidth]) {
  Lanes sum[out][2] = {};
  for (std::int64_t c = 0; c < channels; ++c, corner += slab.depth * slab.plane())
    for (std::int64_t d = 0; d < 3; ++d)
      for (std::int64_t h = 0; h < 3; ++h)
        for (std::int64_t w = 0; w < 3; ++w, weights += out) {
          const float* const from = corner + d * slab.plane() + h * slab.row + w;
          Lanes left, right;
          read(from, left);
          read(from + kLanes, right);
          for (int f = 0; f < out; ++f) {
            sum[f][0] += weights[f] * left;
            sum[f][1] += weights[f] * right;
          }
        }
  __builtin_memcpy(result, sum, sizeof sum);
}

/// Planes [begin, begin + kDepths) of a sample's y, as far as there are any.
template <int out>
void convolve_slab(const ConvGeometry& g, const Slab& slab, std::int64_t begin,
                   const float* weights, float* y) {
  const std::int64_t end = std::min(begin + kDepths, g.output[0]);
  for (std::int64_t d = begin; d < end; ++d)
    for (std::int64_t h = 0; h < g.output[1]; ++h)
      for (std::int64_t w = 0; w < g.output[2]; w += kWidth) {
        const float* const corner =
            slab.elements.data<float>() + (d - begin) * slab.plane() + h * slab.row + w;
        float result[out][kWidth];
        convolve_piece<out>(g.in_channels, slab, corner, weights, result);
        float* const to = y + ((d * g.output[1] + h) * g.output[2] + w) * g.out_channels;
        for (std::int64_t i = 0; i < std::min(kWidth, g.output[2] - w); ++i)
          for (std::int64_t f = 0; f < g.out_channels; ++f)
            to[i * g.out_channels + f] = result[f][i];
      }
}

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

template <int out>
void forward_with(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Tensor& y) {
  const Tensor arranged = arrange(g, w, out);
  const float *const weights = arranged.data<float>(), *const from = x.data<float>();
  float* const to = y.data<float>();
  const std::int64_t slabs = (g.output[0] + kDepths - 1) / kDepths;
  // Each its own, made out here: no exception may leave a thread of the loop.
  std::vector<Slab> memory;
  const std::int64_t tasks = std::min<std::int64_t>(g.batch * slabs, omp_get_max_threads());
  for (std::int64_t i = 0; i < tasks; ++i) memory.emplace_back(g);
  for_each_task(tasks, g.batch * g.output_volume() * g.in_channels / tasks, [&](std::int64_t task) {
    for (std::int64_t i = task; i < g.batch * slabs; i += tasks) {
      const std::int64_t sample = i / slabs, depth = i % slabs * kDepths;
      memory[std::size_t(task)].fill(g, from + sample * g.input_volume() * g.in_channels, depth);
      convolve_slab<out>(g, memory[std::size_t(task)], depth, weights,
                         to + sample * g.output_volume() * g.out_channels);
    }
  });
}

}  // namespace

bool supports(const ConvGeometry& g) {
  return g.spatial_rank == 3 && g.kernel == Triple{3, 3, 3} && g.stride == Triple{1, 1, 1} &&
         g.in_channels <= kMostIn && g.out_channels <= kMostOut;
}

bool preferred(const ConvGeometry& g) {
#ifdef __AVX512F__
  constexpr std::int64_t min_voxels = 4096;
  return supports(g) && g.output[2] >= kLanes && g.output_volume() >= min_voxels;
#else
  return g.batch < 0;
#endif
}

void forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Tensor& y) {
  if (g.out_channels == 1)
    forward_with<1>(g, x, w, y);
  else if (g.out_channels == 2)
    forward_with<2>(g, x, w, y);
  else if (g.out_channels <= 4)
    forward_with<4>(g, x, w, y);
  else
    forward_with<8>(g, x, w, y);
}

}  // namespace voxgrad::cpu::small_channels
