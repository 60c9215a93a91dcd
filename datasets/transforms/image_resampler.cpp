#include "datasets/transforms/image_resampler.h"

#include <algorithm>
#include <cstring>

#include "datasets/transforms/pixel_lines.h"

namespace voxgrad {

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
  unpack_pixels(picture_.channels, pixels, width_, blue.data(), green.data(), red.data(),
                alpha.data());
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
      sums_[c] += double(row_shares[row] *
                         dot_of_lines(width_, column_shares.data(), source_.line[c].data()));
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
    stream_line(line.data(), line.size(), result);
  }
  finish_streams();  // before another thread is told that the view is there
}

void ImageResampler::blend(int y, const float* const (&above)[3], const float* const (&below)[3],
                           const float (&background)[3], float* line) const {
  const int count = last_shown_ - first_shown_ + 1;
  const float weight = rows_.weight[std::size_t(y)];
  if (!has_alpha()) {
    blend_lines(count, weight, above, below, nullptr, nullptr, background, line);
    return;
  }
  const std::uint8_t* shown_above = shown_in(rows_.first[std::size_t(y)]) + first_shown_;
  const std::uint8_t* shown_below = shown_in(rows_.second[std::size_t(y)]) + first_shown_;
  blend_lines(count, weight, above, below, shown_above, shown_below, background, line);
}

/// Whether a line of the picture is more than background anywhere.
bool ImageResampler::shows(int source_y) const {
  if (!has_alpha()) return true;
  const std::uint8_t* shown = shown_in(source_y);
  return std::memchr(shown, 1, std::size_t(size_)) != nullptr;
}

}  // namespace voxgrad
