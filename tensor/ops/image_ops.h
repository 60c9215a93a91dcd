// Pictures to what a network sees, all of a batch at once: crop, bilinear resize, background, and
// the colour steps as one affine map. datasets/transforms/transforms.h defines the steps and draws
// the random numbers; here is what is left to compute, by the formulas of image_functors.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/tensor.h"

namespace voxgrad {

/// One picture of a batch. Where width is 0, its bytes are the finished result, f32 [S,S,3].
struct ImageParameters {
  std::int64_t offset = 0;                           // of its bytes in the batch's block
  std::int32_t width = 0, height = 0, channels = 0;  // 1 grey, 2 grey+A, 3 RGB, 4 RGBA
  std::int32_t left = 0, top = 0, area_width = 0, area_height = 0;  // may reach over the edges
  std::int32_t flip = 0;                                            // left-right
  float background[3] = {};     // B, G, R in [0,1] where alpha is 0
  std::int32_t needs_mean = 0;  // 0: mean_share is
  /// Result channel c = map[c][0..2] (b, g, r) + map[c][3] + mean_share[c] (mean b, g, r), where
  /// the mean is that of the resized picture with its background.
  double map[3][4] = {};
  double mean_share[3][3] = {};
};

/// The pictures of a block are aligned to this.
inline constexpr std::size_t image_alignment = 16;

struct ImageOps {
  /// True if the device is to make a batch's pictures; else the host does (transform_view).
  bool (*wanted)(int index);
  /// packed: u8, N ImageParameters followed by what they point to, block-aligned. y: f64, f32
  /// or bf16 [N,S,S,3], channels in the order of the map's rows.
  void (*transform)(const Tensor& packed, const Tensor& out_y);
};

}  // namespace voxgrad
