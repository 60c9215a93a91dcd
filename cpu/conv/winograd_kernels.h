// The vector part of Winograd's algorithm F(4x4, 3x3) in 2-D, f32 (cpu/conv/winograd.h has the
// formulas): transforms of one tile, and the products between the transforms. Compiled for every
// level of simd/isa.h. Channels come in multiples of kGroup where they are transformed, and of
// 2 * kGroup where they are the columns of a product.
#pragma once

#include <cstdint>

#include "tensor/ops/functors.h"

namespace voxgrad::cpu::winograd {

inline constexpr int kTile = 4;                // side of an output tile
inline constexpr int kSide = kTile + 2;        // of an input tile
inline constexpr int kPoints = kSide * kSide;  // 36
inline constexpr std::int64_t kGroup = 16;

/// Columns that a product makes at a time, two vectors: 32, 16 or 8. Its right factor is laid out
/// in panels of so many columns.
std::int64_t panel_width();

/// Where a transform puts its 36 values per channel: value p of channel c goes to
/// data[p * point + c / width * panel + c % width].
struct Points {
  float* data;
  std::int64_t point, width, panel;
};

/// B^T d B of an input tile d. pixels: where the channels of its 6x6 pixels are, row by row; null
/// in the padding.
void transform_input(const float* const* pixels, std::int64_t channels, const Points& to);

/// A d A^T of a tile d of the gradient of the output, 4x4 pixels.
void transform_gradient(const float* const* pixels, std::int64_t channels, const Points& to);

/// An output tile, cut off at the border of its map.
struct OutputTile {
  float* data;                        // its first pixel
  std::int64_t row_stride, channels;  // of the map, in elements
  int rows, columns;
};

/// activation(A^T m A + bias), m[p * point + c]; bias may be null.
void transform_output(const float* m, std::int64_t point, const float* bias,
                      const Activation& activation, const OutputTile& to);

/// A kernel's weights w[j][tap][c] of `rows` filters j and `channels` channels.
struct Weights {
  const float* data;
  std::int64_t rows, channels;
};

/// u[p][panel of j][c][panel_width()] = G g G^T for the filters of one panel and the channels
/// [begin, end).
void transform_weights(const Weights& w, std::int64_t panel, std::int64_t begin, std::int64_t end,
                       float* u);

/// The same for the gradient of the input, whose kernels are flipped and whose sums run over the
/// filters: u[p][panel of c][j][panel_width()], for one panel of channels and the filters
/// [begin, end).
void transform_flipped_weights(const Weights& w, std::int64_t panel, std::int64_t begin,
                               std::int64_t end, float* u);

/// The gradient of the weights: dw[j][tap][begin..end) = G^T u G, or += where it adds.
/// u[p * point + (j - first) * row + c - begin] for the filters [first, last).
struct WeightBlock {
  std::int64_t first, last, begin, end;
};
void transform_weight_gradient(const float* u, std::int64_t point, std::int64_t row,
                               const WeightBlock& block, std::int64_t channels, bool add,
                               float* dw);

/// m[i * m_stride + 0..panel_width()) = sum over e < depth of left(i, e) * right[e][...], or +=
/// where it adds, for i < rows, where left(i, e) is left[i * depth + e], or left[e * kGroup + i] if
/// transposed.
struct Product {
  const float* left;
  bool transposed;
  const float* right;
  std::int64_t rows, depth;
  float* m;
  std::int64_t m_stride;
  bool add = false;
};
void multiply(const Product& product);

}  // namespace voxgrad::cpu::winograd
