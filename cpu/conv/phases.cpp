#include "cpu/conv/phases.h"

#include <algorithm>

#include "cpu/parallel.h"

namespace voxgrad::cpu {
namespace {

struct Tap {
  std::int64_t index;   // along its axis of the kernel
  std::int64_t offset;  // of the source position, from number-of-the-pixel * source_step
};

/// One axis of one phase: the result's positions first, first + step, ... and what they see.
struct Axis {
  std::int64_t count, first, step, source_step;
  std::vector<Tap> taps;  // by rising offset

  std::int64_t lowest() const { return taps.empty() ? 0 : taps.front().offset; }
  std::int64_t highest() const {
    return taps.empty() ? 0 : (count - 1) * source_step + taps.back().offset;
  }
};
using Axes = std::array<Axis, 3>;

Axes forward_axes(const ConvGeometry& g) {
  Axes axes;
  for (int a = 0; a < 3; ++a) {
    axes[a] = {g.output[a], 0, 1, g.stride[a], {}};
    for (std::int64_t k = 0; k < g.kernel[a]; ++k) axes[a].taps.push_back({k, k - g.padding[a]});
  }
  return axes;
}

std::vector<Axes> backward_axes(const ConvGeometry& g) {
  std::array<std::vector<Axis>, 3> choices;
  for (int a = 0; a < 3; ++a) {
    for (std::int64_t first = 0; first < std::min(g.stride[a], g.input[a]); ++first) {
      const std::int64_t count = (g.input[a] - first + g.stride[a] - 1) / g.stride[a];
      Axis axis{count, first, g.stride[a], 1, {}};
      for (std::int64_t k = g.kernel[a] - 1; k >= 0; --k) {
        const std::int64_t distance = first + g.padding[a] - k;
        if (distance % g.stride[a] == 0) axis.taps.push_back({k, distance / g.stride[a]});
      }
      choices[a].push_back(axis);
    }
  }
  std::vector<Axes> all;
  for (const Axis& depth : choices[0])
    for (const Axis& height : choices[1])
      for (const Axis& width : choices[2]) all.push_back({depth, height, width});
  return all;
}

/// Row-major index of a position, from the batch's number on.
std::int64_t flat(std::int64_t sample, const Triple& at, const Triple& extents) {
  return ((sample * extents[0] + at[0]) * extents[1] + at[1]) * extents[2] + at[2];
}

Phase make_phase(const Axes& axes, const PhasePlan& plan, const Triple& kernel,
                 const Triple& result, std::int64_t result_channels) {
  Phase phase;
  for (const Tap& d : axes[0].taps)
    for (const Tap& h : axes[1].taps)
      for (const Tap& w : axes[2].taps) {
        phase.taps.push_back(flat(0, {d.index, h.index, w.index}, kernel));
        const Triple at{d.offset + plan.before[0], h.offset + plan.before[1],
                        w.offset + plan.before[2]};
        const std::int64_t offset = flat(0, at, plan.bordered) * plan.channels;
        if (!phase.runs.empty() && phase.runs.back().offset + phase.runs.back().length == offset)
          phase.runs.back().length += plan.channels;
        else
          phase.runs.push_back({offset, plan.channels});
      }
  const Triple counts{axes[0].count, axes[1].count, axes[2].count};
  const std::int64_t volume = counts[0] * counts[1] * counts[2];
  phase.pixels = Tensor({plan.batch * volume, 2}, DType::i64);
  std::int64_t* const table = phase.pixels.data<std::int64_t>();
  for_each_task(plan.batch * volume, 1, [&](std::int64_t pixel) {
    const std::int64_t in_sample = pixel % volume;
    const Triple number{in_sample / counts[2] / counts[1], in_sample / counts[2] % counts[1],
                        in_sample % counts[2]};
    Triple from{}, to{};
    for (int a = 0; a < 3; ++a) {
      from[a] = number[a] * axes[a].source_step;
      to[a] = axes[a].first + number[a] * axes[a].step;
    }
    table[2 * pixel] = flat(pixel / volume, from, plan.bordered) * plan.channels;
    table[2 * pixel + 1] = flat(pixel / volume, to, result) * result_channels;
  });
  return phase;
}

PhasePlan make_plan(const std::vector<Axes>& all, const ConvGeometry& g, const Triple& source,
                    std::int64_t source_channels, const Triple& result,
                    std::int64_t result_channels) {
  PhasePlan plan{{}, g.batch, source_channels, source, {0, 0, 0}, source};
  for (int a = 0; a < 3; ++a) {
    std::int64_t after = 0;
    for (const Axes& axes : all) {
      plan.before[a] = std::max(plan.before[a], -axes[a].lowest());
      after = std::max(after, axes[a].highest() - (source[a] - 1));
    }
    plan.bordered[a] += plan.before[a] + after;
  }
  for (const Axes& axes : all)
    plan.phases.push_back(make_phase(axes, plan, g.kernel, result, result_channels));
  return plan;
}

}  // namespace

PhasePlan PhasePlan::forward(const ConvGeometry& g) {
  return make_plan({forward_axes(g)}, g, g.input, g.in_channels, g.output, g.out_channels);
}

PhasePlan PhasePlan::backward_data(const ConvGeometry& g) {
  return make_plan(backward_axes(g), g, g.output, g.out_channels, g.input, g.in_channels);
}

Tensor PhasePlan::with_border(const Tensor& source) const {
  if (bordered == extents) return source;
  const Tensor result({batch, bordered[0], bordered[1], bordered[2], channels}, source.dtype());
  dispatch_float("conv", source.dtype(), [&]<class T>() {
    const T* const in = source.data<T>();
    T* const out = result.data<T>();
    const std::int64_t row = bordered[2] * channels;
    for_each_task(batch * bordered[0] * bordered[1], row, [&](std::int64_t i) {
      const std::int64_t d = i / bordered[1] % bordered[0] - before[0];
      const std::int64_t h = i % bordered[1] - before[1];
      T* to = out + i * row;
      if (d < 0 || d >= extents[0] || h < 0 || h >= extents[1]) {
        std::fill_n(to, row, T(0));
        return;
      }
      const std::int64_t sample = i / bordered[1] / bordered[0];
      const T* from = in + flat(sample, {d, h, 0}, extents) * channels;
      to = std::fill_n(to, before[2] * channels, T(0));
      to = std::copy_n(from, extents[2] * channels, to);
      std::fill(to, out + (i + 1) * row, T(0));
    });
  });
  return result;
}

}  // namespace voxgrad::cpu
