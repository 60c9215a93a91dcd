// The geometry of the convolution loops (tiled.cpp). Forward and backward_data are one
// computation: a pixel of the result sees, through each tap of the kernel, one pixel of the source.
//
//   result[p, j] = sum over taps t, channels c of source[pixel(p, t), c] * w[t, c, j]
//
// Forward, pixel(o, k) = o*stride + k - padding. Backward_data, pixel(i, k) = (i + padding - k) /
// stride, for those k that leave no remainder. Which k these are depends on i modulo stride alone,
// so the result is computed phase by phase: each phase is a convolution of its own without stride.
//
// The source is first given a border of zeros, wide enough for all phases. Then every tap is at a
// fixed distance from the pixel, and taps that are neighbours in memory join into runs.
#pragma once

#include <vector>

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu {

/// Consecutive elements of the bordered source, seen from a pixel's own place in it.
struct Run {
  std::int64_t offset, length;
};

struct Phase {
  std::vector<std::int64_t> taps;  // their places in the kernel, in the order of the runs
  std::vector<Run> runs;           // together as long as taps * channels of the source
  /// i64 [pixels, 2], over all samples: where a pixel's runs start in the bordered source, and
  /// where its channels start in the result, in elements.
  Tensor pixels;
};

/// A direction's phases, and the border of its source.
struct PhasePlan {
  std::vector<Phase> phases;
  std::int64_t batch, channels;  // of the source
  Triple extents, before, bordered;

  static PhasePlan forward(const ConvGeometry& geometry);
  static PhasePlan backward_data(const ConvGeometry& geometry);

  /// The source with its border; the source itself where there is none.
  Tensor with_border(const Tensor& source) const;
};

}  // namespace voxgrad::cpu
