#include "datasets/transforms/image_resampler.h"

#include <algorithm>
#include <bit>
#include <cstring>

#ifdef __SSE__
#include <xmmintrin.h>
#endif

namespace voxgrad {
namespace {

using Matrix = float[3][4];

/// Pixels to lines B, G, R, A in [0,1]; a grey one counts for three, no alpha is left out.
template <int channels>
void unpack_pixels(const std::uint8_t* __restrict pixels, int count, float* __restrict blue,
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
void unpack_pixels<4>(const std::uint8_t* __restrict pixels, int count, float* __restrict blue,
                      float* __restrict green, float* __restrict red, float* __restrict alpha) {
  constexpr float unit = 1 / 255.0f;
  constexpr bool little = std::endian::native == std::endian::little;
  const auto channel = [](std::uint32_t pixel, int c) {
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

void map_colors(const Matrix& m, int count, const float* __restrict blue,
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

float dot(int count, const float* a, const float* b) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int x = 0; x < count; ++x) sum += a[x] * b[x];
  return sum;
}

/// Between two resized lines; where `shown` is 0 in both there is background.
template <bool has_alpha>
void blend_lines(int count, float weight, const float* const (&above)[3],
                 const float* const (&below)[3], const std::uint8_t* __restrict shown_above,
                 const std::uint8_t* __restrict shown_below, const float (&background)[3],
                 float* __restrict result) {
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

/// Writes past the caches: a batch is far larger than they are, and read only when it is complete.
void stream(const float* line, std::size_t count, float* result) {
#ifdef __SSE__
  if (reinterpret_cast<std::uintptr_t>(result) % 16 == 0 && count % 4 == 0) {
    for (std::size_t i = 0; i < count; i += 4) _mm_stream_ps(result + i, _mm_loadu_ps(line + i));
    return;
  }
#endif
  std::copy_n(line, count, result);
}

}  // namespace

ImageResampler::Planes::Planes(std::size_t floats) {
  for (std::vector<float>& one : line) one.resize(floats);
}

ImageResampler::ImageResampler(const Image& picture, const CropArea& area, int size, bool flip,
                               const std::array<float, 3>& background, bool with_mean)
    : picture_(picture),
      size_(size),
      background_(background),
      columns_(area.left, area.width, picture.width, size, flip),
      rows_(area.top, area.height, picture.height, size, false),
      line_resizer_(columns_),
      left_(columns_.lowest()),
      width_(columns_.highest() - left_ + 1),
      top_(rows_.lowest()),
      source_(line_resizer_.source_floats()),
      mapped_(line_resizer_.source_floats()),
      cache_{Planes(line_resizer_.result_floats()), Planes(line_resizer_.result_floats())},
      last_shown_(size - 1) {
  if (has_alpha() || with_mean) scan(with_mean);
}

void ImageResampler::unpack(int source_y) {
  const std::uint8_t* pixels = picture_.at(left_, source_y);
  auto& [blue, green, red, alpha] = source_.line;
  const auto with = [&, b = blue.data(), g = green.data(), r = red.data(), a = alpha.data()](
                        auto unpack_some) { unpack_some(pixels, width_, b, g, r, a); };
  switch (picture_.channels) {
    case 1:
      return with(unpack_pixels<1>);
    case 2:
      return with(unpack_pixels<2>);
    case 3:
      return with(unpack_pixels<3>);
    default:
      return with(unpack_pixels<4>);
  }
}

/// 0 or 1: whether a resized line of the picture is more than background there.
const std::uint8_t* ImageResampler::shown_in(int source_y) const {
  return shown_.data() + std::size_t(source_y - top_) * std::size_t(size_);
}

void ImageResampler::scan(bool with_mean) {
  const std::vector<float> row_shares = rows_.shares(), column_shares = columns_.shares();
  if (has_alpha()) shown_.resize(row_shares.size() * std::size_t(size_));
  std::vector<float> alpha_line(line_resizer_.result_floats());
  std::vector<std::uint8_t> shown_columns(static_cast<std::size_t>(size_));
  for (std::size_t row = 0; row < row_shares.size(); ++row) {
    if (row_shares[row] == 0) continue;  // no result looks at it
    unpack(top_ + int(row));
    const auto& [blue, green, red, alpha] = source_.line;
    if (has_alpha()) {
      hidden_color_ =
          hidden_color_ || hides_color(width_, blue.data(), green.data(), red.data(), alpha.data());
      line_resizer_.resize(alpha.data(), alpha_line.data());
      mark_shown(size_, alpha_line.data(), shown_.data() + row * std::size_t(size_),
                 shown_columns.data());
    }
    if (!with_mean) continue;
    for (std::size_t c = 0; c < 3; ++c)
      sums_[c] +=
          double(row_shares[row] * dot(width_, column_shares.data(), source_.line[c].data()));
  }
  if (!has_alpha()) return;
  const auto first = std::ranges::find(shown_columns, 1);
  const auto last = std::find(shown_columns.rbegin(), shown_columns.rend(), 1);
  first_shown_ = int(first - shown_columns.begin());
  last_shown_ = int(last.base() - shown_columns.begin()) - 1;
}

std::array<double, 3> ImageResampler::mean_color() {
  std::array<double, 3> sums{};
  if (hidden_color_) {
    // Rare: what the background covers would have to be taken off the sums again.
    std::vector<float> whole(3 * std::size_t(size_) * std::size_t(size_));
    write({{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}, whole.data());
    for (std::size_t i = 0; i < whole.size(); ++i) sums[i % 3] += double(whole[i]);
  } else {
    const auto background_pixels = double(count_background());
    for (std::size_t c = 0; c < 3; ++c)
      sums[c] = sums_[c] + background_pixels * double(background_[c]);
  }
  for (double& sum : sums) sum /= double(size_) * size_;
  return sums;
}

std::int64_t ImageResampler::count_background() const {
  if (!has_alpha()) return 0;
  std::int64_t shown_pixels = 0;
  for (int y = 0; y < size_; ++y) {
    const std::uint8_t* above = shown_in(rows_.first[std::size_t(y)]);
    const std::uint8_t* below = shown_in(rows_.second[std::size_t(y)]);
    int shown = 0;
    for (int x = 0; x < size_; ++x) shown += above[x] | below[x];
    shown_pixels += shown;
  }
  return std::int64_t(size_) * size_ - shown_pixels;
}

const ImageResampler::Planes& ImageResampler::resized(int source_y, const float (&map)[3][4]) {
  for (const Planes& row : cache_)
    if (row.source_y == source_y) return row;
  Planes& row = cache_[oldest_];
  oldest_ = 1 - oldest_;
  row.source_y = source_y;
  unpack(source_y);
  map_colors(map, width_, source_.line[0].data(), source_.line[1].data(), source_.line[2].data(),
             mapped_.line[0].data(), mapped_.line[1].data(), mapped_.line[2].data());
  for (std::size_t c = 0; c < 3; ++c)
    line_resizer_.resize(mapped_.line[c].data(), row.line[c].data());
  return row;
}

void ImageResampler::write(const ColorMatrix& map, float* result) {
  float m[3][4], background[3];
  for (std::size_t c = 0; c < 3; ++c) std::copy_n(map[c].begin(), 4, m[c]);
  map_colors(m, 1, &background_[0], &background_[1], &background_[2], &background[0],
             &background[1], &background[2]);
  for (Planes& row : cache_) row.source_y = -1;

  // Columns without the object are background in every line; so are whole lines.
  std::vector<float> line(3 * std::size_t(size_));
  const auto clear = [&] {
    for (std::size_t i = 0; i < line.size(); ++i) line[i] = background[i % 3];
  };
  clear();
  bool is_clear = true;
  const auto start = std::size_t(first_shown_);
  for (int y = 0; y < size_; ++y, result += 3 * size_) {
    const int first = rows_.first[std::size_t(y)], second = rows_.second[std::size_t(y)];
    if (shows(first) || shows(second)) {
      const auto& a = resized(first, m).line;
      const auto& b = resized(second, m).line;
      const float* const above[]{&a[0][start], &a[1][start], &a[2][start]};
      const float* const below[]{&b[0][start], &b[1][start], &b[2][start]};
      blend(y, above, below, background, &line[3 * start]);
      is_clear = false;
    } else if (!is_clear) {
      clear();
      is_clear = true;
    }
    stream(line.data(), line.size(), result);
  }
#ifdef __SSE__
  _mm_sfence();  // before another thread is told that the view is there
#endif
}

void ImageResampler::blend(int y, const float* const (&above)[3], const float* const (&below)[3],
                           const float (&background)[3], float* line) const {
  const int count = last_shown_ - first_shown_ + 1;
  const float weight = rows_.weight[std::size_t(y)];
  if (!has_alpha()) {
    blend_lines<false>(count, weight, above, below, nullptr, nullptr, background, line);
    return;
  }
  const std::uint8_t* shown_above = shown_in(rows_.first[std::size_t(y)]) + first_shown_;
  const std::uint8_t* shown_below = shown_in(rows_.second[std::size_t(y)]) + first_shown_;
  blend_lines<true>(count, weight, above, below, shown_above, shown_below, background, line);
}

/// Whether a line of the picture is more than background anywhere.
bool ImageResampler::shows(int source_y) const {
  if (!has_alpha()) return true;
  const std::uint8_t* shown = shown_in(source_y);
  return std::memchr(shown, 1, std::size_t(size_)) != nullptr;
}

}  // namespace voxgrad
