#include "pix2vox/prediction/sharpness.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "pix2vox/prediction/object_mask.h"

namespace voxgrad {
namespace {

constexpr int min_edges = 20;
constexpr double min_contrast = 24;  // of an edge from end to end, in levels of 255
constexpr double backdrop = 240;     // behind clear pixels

std::vector<double> brightness_of(const Image& picture) {
  std::vector<double> result;
  const int channels = picture.channels;
  for (std::size_t i = 0; i < picture.pixels.size(); i += std::size_t(channels)) {
    const std::uint8_t* p = &picture.pixels[i];
    const double value = channels < 3 ? p[0] : (p[0] + 2 * p[1] + p[2]) / 4.0;
    const double alpha = channels % 2 == 0 ? p[channels - 1] / 255.0 : 1;
    result.push_back(alpha * value + (1 - alpha) * backdrop);
  }
  return result;
}

/// The widths of the edges of one line whose steepest point is in the region.
class Line {
 public:
  Line(const double* values, const std::uint8_t* region, int count, std::ptrdiff_t stride)
      : values_(values), region_(region), count_(count), stride_(stride) {}

  void collect(std::vector<double>& widths) const {
    int start = 0;
    while (start + 1 < count_) {
      int end = start;  // of the run that rises or falls all the way
      const double sign = at(start + 1) - at(start);
      while (end + 1 < count_ && (at(end + 1) - at(end)) * sign > 0) ++end;
      if (end > start) measure(start, end, widths);
      start = std::max(end, start + 1);
    }
  }

 private:
  double at(int i) const { return values_[i * stride_]; }

  /// From 10% to 90% of the way, between pixels by interpolation, so that slow tails do not count.
  void measure(int start, int end, std::vector<double>& widths) const {
    const double low = at(start), rise = at(end) - low;
    if (std::abs(rise) < min_contrast) return;
    const auto crossing = [&](double share) {
      int i = start;
      while (i + 1 < end && (at(i + 1) - low) / rise < share) ++i;
      const double from = (at(i) - low) / rise, to = (at(i + 1) - low) / rise;
      return i + (share - from) / (to - from);
    };
    const double first = crossing(0.1), last = crossing(0.9);
    if (region_[std::ptrdiff_t((first + last) / 2) * stride_] != 0) widths.push_back(last - first);
  }

  const double* values_;
  const std::uint8_t* region_;
  int count_;
  std::ptrdiff_t stride_;
};

double sharpest_quarter(std::vector<double>& widths) {
  if (int(widths.size()) < min_edges) return 0;
  const auto place = widths.begin() + std::ptrdiff_t(widths.size() / 4);
  std::ranges::nth_element(widths, place);
  return *place;
}

}  // namespace

EdgeWidths edge_widths(const Image& picture, const Image& mask) {
  const std::vector<double> values = brightness_of(picture);
  const Image region = grown(mask, 3);
  std::vector<double> rows, columns;
  for (int y = 0; y < picture.height; ++y)
    Line(&values[std::size_t(y) * std::size_t(picture.width)], region.at(0, y), picture.width, 1)
        .collect(rows);
  for (int x = 0; x < picture.width; ++x)
    Line(&values[std::size_t(x)], region.at(x, 0), picture.height, picture.width).collect(columns);
  EdgeWidths result{.rows_edges = int(rows.size()), .columns_edges = int(columns.size())};
  result.along_rows = sharpest_quarter(rows);
  result.along_columns = sharpest_quarter(columns);
  return result;
}

}  // namespace voxgrad
