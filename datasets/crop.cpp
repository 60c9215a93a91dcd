#include "datasets/crop.h"

#include <algorithm>
#include <cmath>

#include "tensor/error.h"

namespace voxgrad {
namespace {

/// Pixels [0, count) to floats B, G, R, A in [0,1].
template <int channels>
void to_bgra(const std::uint8_t* pixels, int count, float* result) {
  constexpr int red = 0, green = channels >= 3 ? 1 : 0, blue = channels >= 3 ? 2 : 0;
  constexpr bool has_alpha = channels % 2 == 0;
  for (int x = 0; x < count; ++x) {
    const std::uint8_t* in = pixels + x * channels;
    float* out = result + 4 * x;
    out[0] = float(in[blue]) / 255.0f;
    out[1] = float(in[green]) / 255.0f;
    out[2] = float(in[red]) / 255.0f;
    out[3] = has_alpha ? float(in[channels - 1]) / 255.0f : 1.0f;
  }
}

void to_bgra(const Image& picture, int y, int first, int last, float* result) {
  const std::uint8_t* pixels = picture.at(first, y);
  const int count = last - first + 1;
  switch (picture.channels) {
    case 1:
      return to_bgra<1>(pixels, count, result);
    case 2:
      return to_bgra<2>(pixels, count, result);
    case 3:
      return to_bgra<3>(pixels, count, result);
    default:
      return to_bgra<4>(pixels, count, result);
  }
}

CropArea centre_area(const Image& picture, int crop) {
  if (crop == 0 || picture.width <= crop || picture.height <= crop)
    return {0, 0, picture.width, picture.height};
  return {(picture.width - crop) / 2, (picture.height - crop) / 2, crop, crop};
}

CropArea box_area(const Image& picture, const Box& box, const AugmentationDraw::View& view) {
  const auto near = [](double x) { return x >= -1 && x <= 2; };  // false for NaN
  check(near(box.left) && near(box.top) && near(box.right) && near(box.bottom) &&
            box.left < box.right && box.top < box.bottom,
        "[transform] box ", box.left, ",", box.top, " .. ", box.right, ",", box.bottom,
        " has no area or is far outside the picture; edges are fractions of its size");
  const double width = (box.right - box.left) * picture.width;
  const double height = (box.bottom - box.top) * picture.height;
  const double middle_x = (box.left + box.right) / 2 * picture.width;
  const double middle_y = (box.top + box.bottom) / 2 * picture.height;
  const double side = std::max(width, height) * view.box_scale;
  // Truncation towards zero and both edges included, as in the published code.
  const int left = int(middle_x - side * view.box_edges[0]);
  const int right = int(middle_x + side * view.box_edges[1]);
  const int top = int(middle_y - side * view.box_edges[2]);
  const int bottom = int(middle_y + side * view.box_edges[3]);
  return {left, top, right - left + 1, bottom - top + 1};
}

}  // namespace

CropArea crop_area(const Image& picture, const std::optional<Box>& box,
                   const AugmentationDraw::View& view, int crop) {
  return box ? box_area(picture, *box, view) : centre_area(picture, crop);
}

CropResizer::CropResizer(const Image& picture, const CropArea& area, int size)
    : picture_(picture),
      columns_(taps(area.left, area.width, picture.width, size)),
      rows_(taps(area.top, area.height, picture.height, size)),
      first_column_(columns_.front().first),
      last_column_(columns_.back().second),
      source_(4 * std::size_t(last_column_ - first_column_ + 1)) {
  for (Row& row : cache_) row.pixels.resize(4 * std::size_t(size));
}

std::vector<CropResizer::Tap> CropResizer::taps(int origin, int extent, int limit, int size) {
  std::vector<Tap> result(static_cast<std::size_t>(size));
  const auto inside = [&](int i) { return std::clamp(origin + i, 0, limit - 1); };
  for (int i = 0; i < size; ++i) {
    // Half-pixel centres: (i + 1/2) * extent / size - 1/2, exact up to the division, so that a
    // weight that should be 0 is 0: the background test asks for an alpha of exactly 0.
    const auto numerator = (2 * std::int64_t(i) + 1) * extent - size;
    const auto position = float(double(numerator) / (2.0 * size));
    const int base = int(std::floor(position));
    const bool at_edge = base < 0 || base >= extent - 1;
    const int first = std::clamp(base, 0, extent - 1);
    const int second = at_edge ? first : first + 1;
    result[std::size_t(i)] = {inside(first), inside(second),
                              at_edge ? 0.0f : position - float(base)};
  }
  return result;
}

const std::vector<float>& CropResizer::resized_row(int source_y) {
  for (const Row& row : cache_)
    if (row.source_y == source_y) return row.pixels;
  Row& row = cache_[oldest_];
  oldest_ = 1 - oldest_;
  row.source_y = source_y;
  to_bgra(picture_, source_y, first_column_, last_column_, source_.data());
  float* out = row.pixels.data();
  for (const Tap& tap : columns_) {
    const float* first = &source_[4 * std::size_t(tap.first - first_column_)];
    const float* second = &source_[4 * std::size_t(tap.second - first_column_)];
    for (int c = 0; c < 4; ++c) out[c] = first[c] * (1.0f - tap.weight) + second[c] * tap.weight;
    out += 4;
  }
  return row.pixels;
}

void CropResizer::row(int y, float* result) {
  const Tap& tap = rows_[std::size_t(y)];
  const float* first = resized_row(tap.first).data();
  const float* second = resized_row(tap.second).data();
  const float first_weight = 1.0f - tap.weight;
  for (std::size_t i = 0; i < 4 * columns_.size(); ++i)
    result[i] = first[i] * first_weight + second[i] * tap.weight;
}

}  // namespace voxgrad
