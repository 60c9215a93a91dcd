#include "datasets/transforms/pixel_lines.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "datasets/transforms/pixel_lines.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::HWY_NAMESPACE {

/// Pixels to lines B, G, R, A in [0,1]; a grey one counts for three, no alpha is left out.
template <int channels>
void unpack(const std::uint8_t* __restrict pixels, int count, float* __restrict blue,
            float* __restrict green, float* __restrict red, float* __restrict alpha) {
  constexpr float unit = 1 / 255.0f;
  constexpr int g = channels >= 3 ? 1 : 0, b = channels >= 3 ? 2 : 0;
  for (int x = 0; x < count; ++x) {
    red[x] = float(pixels[channels * x]) * unit;
    green[x] = float(pixels[channels * x + g]) * unit;
    blue[x] = float(pixels[channels * x + b]) * unit;
    if constexpr (channels % 2 == 0) alpha[x] = float(pixels[channels * x + channels - 1]) * unit;
  }
}

/// The usual kind, a pixel as one number, which compilers vectorise better.
template <>
void unpack<4>(const std::uint8_t* __restrict pixels, int count, float* __restrict blue,
               float* __restrict green, float* __restrict red, float* __restrict alpha) {
  constexpr float unit = 1 / 255.0f;
  constexpr bool little = std::endian::native == std::endian::little;
  const auto channel = [](std::uint32_t pixel, int c) HWY_ATTR {
    return float(int(pixel >> (little ? 8 * c : 24 - 8 * c) & 255)) * unit;
  };
  for (int x = 0; x < count; ++x) {
    std::uint32_t pixel;
    std::memcpy(&pixel, pixels + 4 * x, 4);
    red[x] = channel(pixel, 0);
    green[x] = channel(pixel, 1);
    blue[x] = channel(pixel, 2);
    alpha[x] = channel(pixel, 3);
  }
}

void map_colors(const float (&m)[3][4], int count, const float* __restrict blue,
                const float* __restrict green, const float* __restrict red, float* __restrict out_0,
                float* __restrict out_1, float* __restrict out_2) {
  for (int x = 0; x < count; ++x) {
    out_0[x] = m[0][0] * blue[x] + m[0][1] * green[x] + m[0][2] * red[x] + m[0][3];
    out_1[x] = m[1][0] * blue[x] + m[1][1] * green[x] + m[1][2] * red[x] + m[1][3];
    out_2[x] = m[2][0] * blue[x] + m[2][1] * green[x] + m[2][2] * red[x] + m[2][3];
  }
}

/// True if a pixel of no alpha has a colour other than black.
bool hides_color(int count, const float* blue, const float* green, const float* red,
                 const float* alpha) {
  float most = 0;
#pragma omp simd reduction(max : most)
  for (int x = 0; x < count; ++x) {
    const float sum = blue[x] + green[x] + red[x];
    most = std::max(most, alpha[x] == 0 ? sum : 0);
  }
  return most > 0;
}

/// 1 where there is alpha; the same is added to `columns`.
void mark_shown(int count, const float* __restrict alpha, std::uint8_t* __restrict shown,
                std::uint8_t* __restrict columns) {
  for (int x = 0; x < count; ++x) {
    shown[x] = alpha[x] != 0 ? 1 : 0;
    columns[x] |= shown[x];
  }
}

float dot_of_lines(int count, const float* a, const float* b) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int x = 0; x < count; ++x) sum += a[x] * b[x];
  return sum;
}

/// Between two resized lines; where `shown` is 0 in both there is background.
template <bool has_alpha>
void blend(int count, float weight, const float* const (&above)[3], const float* const (&below)[3],
           const std::uint8_t* __restrict shown_above, const std::uint8_t* __restrict shown_below,
           const float (&background)[3], float* __restrict result) {
  const float* __restrict a0 = above[0], * __restrict a1 = above[1], * __restrict a2 = above[2];
  const float* __restrict b0 = below[0], * __restrict b1 = below[1], * __restrict b2 = below[2];
  const float c0 = background[0], c1 = background[1], c2 = background[2];
  for (int x = 0; x < count; ++x) {
    const bool empty = has_alpha && (shown_above[x] | shown_below[x]) == 0;
    const float v0 = a0[x] + (b0[x] - a0[x]) * weight;
    const float v1 = a1[x] + (b1[x] - a1[x]) * weight;
    const float v2 = a2[x] + (b2[x] - a2[x]) * weight;
    result[3 * x] = empty ? c0 : v0;
    result[3 * x + 1] = empty ? c1 : v1;
    result[3 * x + 2] = empty ? c2 : v2;
  }
}

void unpack_pixels(int channels, const std::uint8_t* pixels, int count, float* blue, float* green,
                   float* red, float* alpha) {
  switch (channels) {
    case 1:
      return unpack<1>(pixels, count, blue, green, red, alpha);
    case 2:
      return unpack<2>(pixels, count, blue, green, red, alpha);
    case 3:
      return unpack<3>(pixels, count, blue, green, red, alpha);
    default:
      return unpack<4>(pixels, count, blue, green, red, alpha);
  }
}

void blend_lines(int count, float weight, const float* const (&above)[3],
                 const float* const (&below)[3], const std::uint8_t* shown_above,
                 const std::uint8_t* shown_below, const float (&background)[3], float* result) {
  if (shown_above)
    blend<true>(count, weight, above, below, shown_above, shown_below, background, result);
  else
    blend<false>(count, weight, above, below, nullptr, nullptr, background, result);
}

void stream_line(const float* line, std::size_t count, float* result) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::CappedTag<float, 4> d;  // lines are aligned for no more
  const std::size_t lanes = hn::Lanes(d);
  if (reinterpret_cast<std::uintptr_t>(result) % (lanes * sizeof(float)) != 0 ||
      count % lanes != 0) {
    std::copy_n(line, count, result);
    return;
  }
  for (std::size_t i = 0; i < count; i += lanes) hn::Stream(hn::LoadU(d, line + i), d, result + i);
}

}  // namespace voxgrad::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad {

HWY_EXPORT(unpack_pixels);
HWY_EXPORT(map_colors);
HWY_EXPORT(hides_color);
HWY_EXPORT(mark_shown);
HWY_EXPORT(dot_of_lines);
HWY_EXPORT(blend_lines);
HWY_EXPORT(stream_line);

void unpack_pixels(int channels, const std::uint8_t* pixels, int count, float* blue, float* green,
                   float* red, float* alpha) {
  HWY_DYNAMIC_DISPATCH(unpack_pixels)(channels, pixels, count, blue, green, red, alpha);
}

void map_colors(const float (&m)[3][4], int count, const float* blue, const float* green,
                const float* red, float* out_0, float* out_1, float* out_2) {
  HWY_DYNAMIC_DISPATCH(map_colors)(m, count, blue, green, red, out_0, out_1, out_2);
}

bool hides_color(int count, const float* blue, const float* green, const float* red,
                 const float* alpha) {
  return HWY_DYNAMIC_DISPATCH(hides_color)(count, blue, green, red, alpha);
}

void mark_shown(int count, const float* alpha, std::uint8_t* shown, std::uint8_t* columns) {
  HWY_DYNAMIC_DISPATCH(mark_shown)(count, alpha, shown, columns);
}

float dot_of_lines(int count, const float* a, const float* b) {
  return HWY_DYNAMIC_DISPATCH(dot_of_lines)(count, a, b);
}

void blend_lines(int count, float weight, const float* const (&above)[3],
                 const float* const (&below)[3], const std::uint8_t* shown_above,
                 const std::uint8_t* shown_below, const float (&background)[3], float* result) {
  HWY_DYNAMIC_DISPATCH(blend_lines)
  (count, weight, above, below, shown_above, shown_below, background, result);
}

void stream_line(const float* line, std::size_t count, float* result) {
  HWY_DYNAMIC_DISPATCH(stream_line)(line, count, result);
}

void finish_streams() {
  hwy::FlushStream();
}

}  // namespace voxgrad
#endif
