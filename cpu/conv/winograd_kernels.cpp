#include "cpu/conv/winograd_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/conv/winograd_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <array>
#include <utility>

#include "cpu/vector_math.h"
#include "simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::winograd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = HWY_CAPPED(float, kGroup);
using Vec = hn::Vec<Tag>;

constexpr std::int64_t kLanes = std::int64_t(HWY_MIN(HWY_LANES(float), kGroup));
constexpr std::int64_t kPanel = 2 * kLanes;
// Rows of a product made at a time: with two vectors each they fill 24 of 32 registers, or 12 of
// 16.
constexpr int kRows = kLanes == 16 ? 12 : 6;

HWY_INLINE Vec scaled(Vec v, float factor) {
  return hn::Mul(v, hn::Set(Tag(), factor));
}
/// a * factor + b
HWY_INLINE Vec scaled_plus(Vec a, float factor, Vec b) {
  return hn::MulAdd(a, hn::Set(Tag(), factor), b);
}

/// out = B^T in.
HWY_INLINE void input_to_points(const Vec (&in)[kSide], Vec (&out)[kSide]) {
  const Vec a = scaled_plus(in[2], -4.0f, in[4]), b = scaled_plus(in[1], -4.0f, in[3]);
  const Vec c = hn::Sub(in[4], in[2]), d = scaled(hn::Sub(in[3], in[1]), 2.0f);
  out[0] = scaled_plus(in[0], 4.0f, scaled_plus(in[2], -5.0f, in[4]));
  out[1] = hn::Add(a, b);
  out[2] = hn::Sub(a, b);
  out[3] = hn::Add(c, d);
  out[4] = hn::Sub(c, d);
  out[5] = scaled_plus(in[1], 4.0f, scaled_plus(in[3], -5.0f, in[5]));
}

/// out = A^T in.
HWY_INLINE void points_to_output(const Vec (&in)[kSide], Vec (&out)[kTile]) {
  const Vec a = hn::Add(in[1], in[2]), b = hn::Sub(in[1], in[2]);
  const Vec c = hn::Add(in[3], in[4]), d = hn::Sub(in[3], in[4]);
  out[0] = hn::Add(hn::Add(in[0], a), c);
  out[1] = scaled_plus(d, 2.0f, b);
  out[2] = scaled_plus(c, 4.0f, a);
  out[3] = hn::Add(scaled_plus(d, 8.0f, b), in[5]);
}

/// out = A in: the transposed map.
HWY_INLINE void output_to_points(const Vec (&in)[kTile], Vec (&out)[kSide]) {
  const Vec even = hn::Add(in[0], in[2]), odd = hn::Add(in[1], in[3]);
  const Vec even4 = scaled_plus(in[2], 4.0f, in[0]);
  const Vec odd4 = scaled(scaled_plus(in[3], 4.0f, in[1]), 2.0f);
  out[0] = in[0];
  out[1] = hn::Add(even, odd);
  out[2] = hn::Sub(even, odd);
  out[3] = hn::Add(even4, odd4);
  out[4] = hn::Sub(even4, odd4);
  out[5] = in[3];
}

/// out = G in.
HWY_INLINE void kernel_to_points(const Vec (&in)[3], Vec (&out)[kSide]) {
  const Vec sum = hn::Add(in[0], in[2]);
  const Vec outer = scaled(scaled_plus(in[2], 4.0f, in[0]), 1.0f / 24);
  const Vec half = scaled(in[1], 1.0f / 12);
  out[0] = scaled(in[0], 1.0f / 4);
  out[1] = scaled(hn::Add(sum, in[1]), -1.0f / 6);
  out[2] = scaled(hn::Sub(sum, in[1]), -1.0f / 6);
  out[3] = hn::Add(outer, half);
  out[4] = hn::Sub(outer, half);
  out[5] = in[2];
}

/// out = G^T in: the transposed map.
HWY_INLINE void points_to_kernel(const Vec (&in)[kSide], Vec (&out)[3]) {
  const Vec a = hn::Add(in[1], in[2]), b = hn::Sub(in[1], in[2]);
  const Vec c = hn::Add(in[3], in[4]), d = hn::Sub(in[3], in[4]);
  const Vec sixth = scaled(a, -1.0f / 6);
  out[0] = scaled_plus(in[0], 1.0f / 4, scaled_plus(c, 1.0f / 24, sixth));
  out[1] = scaled_plus(b, -1.0f / 6, scaled(d, 1.0f / 12));
  out[2] = hn::Add(scaled_plus(c, 1.0f / 6, sixth), in[5]);
}

/// values = M d M^T of a tile d of `side` x `side` pixels, M the map given, for one vector of
/// channels.
template <int side, class Map>
HWY_INLINE void transform_tile(const float* const* pixels, std::int64_t c, const Map& map,
                               Vec (&values)[kPoints]) {
  const Tag d;
  Vec half[kSide][side];  // columns first
  for (int i = 0; i < side; ++i) {
    Vec in[side], out[kSide];
    for (int j = 0; j < side; ++j) {
      const float* const pixel = pixels[i * side + j];
      in[j] = pixel ? hn::LoadU(d, pixel + c) : hn::Zero(d);
    }
    map(in, out);
    for (int j = 0; j < kSide; ++j) half[j][i] = out[j];
  }
  for (int j = 0; j < kSide; ++j) {
    Vec out[kSide];
    map(half[j], out);
    for (int i = 0; i < kSide; ++i) values[i * kSide + j] = out[i];
  }
}

HWY_INLINE void store_points(const Vec (&values)[kPoints], std::int64_t c, const Points& to) {
  float* const first = to.data + c / to.width * to.panel + c % to.width;
  for (int p = 0; p < kPoints; ++p) hn::StoreU(values[p], Tag(), first + p * to.point);
}

void transform_input_impl(const float* const* pixels, std::int64_t channels, const Points& to) {
  struct Map {
    HWY_INLINE void operator()(const Vec (&in)[kSide], Vec (&out)[kSide]) const {
      input_to_points(in, out);
    }
  };
  for (std::int64_t c = 0; c < channels; c += kLanes) {
    Vec values[kPoints];
    transform_tile<kSide>(pixels, c, Map(), values);
    store_points(values, c, to);
  }
}

void transform_gradient_impl(const float* const* pixels, std::int64_t channels, const Points& to) {
  struct Map {
    HWY_INLINE void operator()(const Vec (&in)[kTile], Vec (&out)[kSide]) const {
      output_to_points(in, out);
    }
  };
  for (std::int64_t c = 0; c < channels; c += kLanes) {
    Vec values[kPoints];
    transform_tile<kTile>(pixels, c, Map(), values);
    store_points(values, c, to);
  }
}

template <ActivationKind kind>
HWY_INLINE void store_activated(Vec sums, const Activate<kind, float>& activate, float* to) {
  if constexpr (kind == ActivationKind::identity) {
    hn::StoreU(sums, Tag(), to);
  } else {
    HWY_ALIGN float values[kLanes];
    hn::Store(sums, Tag(), values);
#pragma omp simd
    for (int l = 0; l < kLanes; ++l) to[l] = activate(values[l]);
  }
}

template <ActivationKind kind>
void transform_output_as(const float* m, std::int64_t point, const float* bias,
                         const Activation& activation, const OutputTile& to) {
  const Tag d;
  const Activate<kind, float> activate{float(activation.alpha)};
  for (std::int64_t c = 0; c < to.channels; c += kLanes) {
    Vec half[kTile][kSide];
    for (int j = 0; j < kSide; ++j) {
      Vec in[kSide], out[kTile];
      for (int i = 0; i < kSide; ++i) in[i] = hn::LoadU(d, m + (i * kSide + j) * point + c);
      points_to_output(in, out);
      for (int i = 0; i < kTile; ++i) half[i][j] = out[i];
    }
    const Vec shift = bias ? hn::LoadU(d, bias + c) : hn::Zero(d);
    for (int i = 0; i < to.rows; ++i) {
      Vec out[kTile];
      points_to_output(half[i], out);
      float* const row = to.data + i * to.row_stride + c;
      for (int j = 0; j < kTile; ++j)
        if (j < to.columns)
          store_activated<kind>(hn::Add(out[j], shift), activate, row + j * to.channels);
    }
  }
}

void transform_output_impl(const float* m, std::int64_t point, const float* bias,
                           const Activation& activation, const OutputTile& to) {
  dispatch_activation(activation.kind, [&]<ActivationKind kind>() {
    transform_output_as<kind>(m, point, bias, activation, to);
  });
}

/// values = G g G^T of the 9 taps.
HWY_INLINE void transform_taps(const Vec (&taps)[9], Vec (&values)[kPoints]) {
  Vec half[kSide][3];
  for (int column = 0; column < 3; ++column) {
    const Vec in[3] = {taps[column], taps[3 + column], taps[6 + column]};
    Vec out[kSide];
    kernel_to_points(in, out);
    for (int i = 0; i < kSide; ++i) half[i][column] = out[i];
  }
  for (int i = 0; i < kSide; ++i) {
    Vec out[kSide];
    kernel_to_points(half[i], out);
    for (int k = 0; k < kSide; ++k) values[i * kSide + k] = out[k];
  }
}

void transform_weights_impl(const Weights& w, std::int64_t panel, std::int64_t begin,
                            std::int64_t end, float* u) {
  const Tag d;
  const hn::Rebind<std::int32_t, Tag> di;
  const std::int64_t filter = 9 * w.channels, point = w.rows * w.channels;
  const auto index = hn::Mul(hn::Iota(di, 0), hn::Set(di, std::int32_t(filter)));
  for (std::int64_t c = begin; c < end; ++c)
    for (std::int64_t j = 0; j < kPanel; j += kLanes) {
      const float* const from = w.data + (panel * kPanel + j) * filter + c;
      Vec taps[9], values[kPoints];
      for (int tap = 0; tap < 9; ++tap)
        taps[tap] = hn::GatherIndex(d, from + tap * w.channels, index);
      transform_taps(taps, values);
      float* const to = u + (panel * w.channels + c) * kPanel + j;
      for (int p = 0; p < kPoints; ++p) hn::StoreU(values[p], d, to + p * point);
    }
}

void transform_flipped_weights_impl(const Weights& w, std::int64_t panel, std::int64_t begin,
                                    std::int64_t end, float* u) {
  const Tag d;
  const std::int64_t point = w.rows * w.channels;
  for (std::int64_t j = begin; j < end; ++j)
    for (std::int64_t c = 0; c < kPanel; c += kLanes) {
      const float* const from = w.data + j * 9 * w.channels + panel * kPanel + c;
      Vec taps[9], values[kPoints];
      for (int tap = 0; tap < 9; ++tap) taps[8 - tap] = hn::LoadU(d, from + tap * w.channels);
      transform_taps(taps, values);
      float* const to = u + (panel * w.rows + j) * kPanel + c;
      for (int p = 0; p < kPoints; ++p) hn::StoreU(values[p], d, to + p * point);
    }
}

void transform_weight_gradient_impl(const float* u, std::int64_t point, std::int64_t row,
                                    const WeightBlock& block, std::int64_t channels, bool add,
                                    float* dw) {
  const Tag d;
  for (std::int64_t j = block.first; j < block.last; ++j)
    for (std::int64_t c = block.begin; c < block.end; c += kLanes) {
      const float* const from = u + (j - block.first) * row + c - block.begin;
      Vec half[3][kSide];
      for (int k = 0; k < kSide; ++k) {
        Vec in[kSide], out[3];
        for (int i = 0; i < kSide; ++i) in[i] = hn::LoadU(d, from + (i * kSide + k) * point);
        points_to_kernel(in, out);
        for (int i = 0; i < 3; ++i) half[i][k] = out[i];
      }
      float* const to = dw + j * 9 * channels + c;
      for (int i = 0; i < 3; ++i) {
        Vec out[3];
        points_to_kernel(half[i], out);
        for (int k = 0; k < 3; ++k) {
          float* const tap = to + (i * 3 + k) * channels;
          hn::StoreU(add ? hn::Add(hn::LoadU(d, tap), out[k]) : out[k], d, tap);
        }
      }
    }
}

template <int rows, bool transposed>
void multiply_rows(const float* left, const float* right, std::int64_t depth, float* m,
                   std::int64_t m_stride, bool add) {
  const Tag d;
  Vec sums[rows][2];
  for (int i = 0; i < rows; ++i) {
    sums[i][0] = add ? hn::LoadU(d, m + i * m_stride) : hn::Zero(d);
    sums[i][1] = add ? hn::LoadU(d, m + i * m_stride + kLanes) : hn::Zero(d);
  }
  const std::int64_t row = transposed ? 1 : depth, step = transposed ? kGroup : 1;
  for (std::int64_t e = 0; e < depth; ++e, left += step, right += kPanel) {
    const Vec first = hn::LoadU(d, right), second = hn::LoadU(d, right + kLanes);
    for (int i = 0; i < rows; ++i) {
      const Vec factor = hn::Set(d, left[i * row]);
      sums[i][0] = hn::MulAdd(factor, first, sums[i][0]);
      sums[i][1] = hn::MulAdd(factor, second, sums[i][1]);
    }
  }
  for (int i = 0; i < rows; ++i) {
    hn::StoreU(sums[i][0], d, m + i * m_stride);
    hn::StoreU(sums[i][1], d, m + i * m_stride + kLanes);
  }
}

using MultiplyRows = void (*)(const float*, const float*, std::int64_t, float*, std::int64_t, bool);

template <bool transposed, int... row>
constexpr std::array<MultiplyRows, sizeof...(row)> multiply_table(
    std::integer_sequence<int, row...>) {
  return {multiply_rows<row + 1, transposed>...};
}

/// In near-equal steps of at most kRows.
void multiply_impl(const Product& product) {
  constexpr auto steps_of = std::make_integer_sequence<int, kRows>();
  static constexpr auto plain = multiply_table<false>(steps_of);
  static constexpr auto transposed = multiply_table<true>(steps_of);
  const auto& table = product.transposed ? transposed : plain;
  std::int64_t rows = product.rows;
  const float* left = product.left;
  float* m = product.m;
  for (std::int64_t steps = (rows + kRows - 1) / kRows; steps > 0; --steps) {
    const std::int64_t now = (rows + steps - 1) / steps;
    table[std::size_t(now - 1)](left, product.right, product.depth, m, product.m_stride,
                                product.add);
    rows -= now;
    left += now * (product.transposed ? 1 : product.depth);
    m += now * product.m_stride;
  }
}

std::int64_t panel_width_impl() {
  return kPanel;
}

}  // namespace voxgrad::cpu::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu::winograd {

HWY_EXPORT(panel_width_impl);
HWY_EXPORT(transform_input_impl);
HWY_EXPORT(transform_gradient_impl);
HWY_EXPORT(transform_output_impl);
HWY_EXPORT(transform_weights_impl);
HWY_EXPORT(transform_flipped_weights_impl);
HWY_EXPORT(transform_weight_gradient_impl);
HWY_EXPORT(multiply_impl);

std::int64_t panel_width() {
  return HWY_DYNAMIC_DISPATCH(panel_width_impl)();
}

void transform_input(const float* const* pixels, std::int64_t channels, const Points& to) {
  HWY_DYNAMIC_DISPATCH(transform_input_impl)(pixels, channels, to);
}

void transform_gradient(const float* const* pixels, std::int64_t channels, const Points& to) {
  HWY_DYNAMIC_DISPATCH(transform_gradient_impl)(pixels, channels, to);
}

void transform_output(const float* m, std::int64_t point, const float* bias,
                      const Activation& activation, const OutputTile& to) {
  HWY_DYNAMIC_DISPATCH(transform_output_impl)(m, point, bias, activation, to);
}

void transform_weights(const Weights& w, std::int64_t panel, std::int64_t begin, std::int64_t end,
                       float* u) {
  HWY_DYNAMIC_DISPATCH(transform_weights_impl)(w, panel, begin, end, u);
}

void transform_flipped_weights(const Weights& w, std::int64_t panel, std::int64_t begin,
                               std::int64_t end, float* u) {
  HWY_DYNAMIC_DISPATCH(transform_flipped_weights_impl)(w, panel, begin, end, u);
}

void transform_weight_gradient(const float* u, std::int64_t point, std::int64_t row,
                               const WeightBlock& block, std::int64_t channels, bool add,
                               float* dw) {
  HWY_DYNAMIC_DISPATCH(transform_weight_gradient_impl)(u, point, row, block, channels, add, dw);
}

void multiply(const Product& product) {
  HWY_DYNAMIC_DISPATCH(multiply_impl)(product);
}

}  // namespace voxgrad::cpu::winograd
#endif
