#include "pix2vox/prediction/cut_out.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace voxgrad {
namespace {

/// How much a pixel at the mask's edge, a mixture of object and background, counts for colours.
constexpr double edge_weight = 0.02;

/// The pixels of a line that one pixel of the result covers: a triangle filter, as wide as a pixel
/// of the coarser of the two.
struct Reach {
  int first = 0;
  std::vector<double> weights;  // none: outside the picture
};

Reach reach_of(double centre, double ratio, int limit) {
  const double radius = std::max(1.0, ratio);
  Reach reach;
  reach.first = std::max(0, int(std::ceil(centre - radius)));
  const int last = std::min(limit - 1, int(std::floor(centre + radius)));
  for (int k = reach.first; k <= last; ++k)
    reach.weights.push_back(std::max(0.0, 1 - std::abs(k - centre) / radius) / radius);
  return reach;
}

std::vector<Reach> reaches(double origin, double extent, int results, int limit) {
  const double ratio = extent / results;
  std::vector<Reach> lines;
  for (int i = 0; i < results; ++i)
    lines.push_back(reach_of(origin + (i + 0.5) * ratio - 0.5, ratio, limit));
  return lines;
}

/// What of the mask is in each pixel of the result, 0..1.
std::vector<double> coverage(const Image& mask, const SquareArea& area, double scale_x,
                             double scale_y, int side) {
  const auto columns = reaches(area.left * scale_x, area.side * scale_x, side, mask.width);
  const auto rows = reaches(area.top * scale_y, area.side * scale_y, side, mask.height);
  std::vector<double> result;
  for (const Reach& row : rows)
    for (const Reach& column : columns) {
      double sum = 0;
      for (std::size_t v = 0; v < row.weights.size(); ++v)
        for (std::size_t u = 0; u < column.weights.size(); ++u)
          sum += row.weights[v] * column.weights[u] *
                 *mask.at(column.first + int(u), row.first + int(v));
      result.push_back(std::min(1.0, sum / 255));
    }
  return result;
}

/// How much each pixel of the mask counts for colours: 255 inside, less at the edge, 0 outside.
Image color_weights(const Image& mask) {
  const Image inside = grown(mask, -1);
  Image weights = mask;
  for (std::size_t i = 0; i < weights.pixels.size(); ++i)
    weights.pixels[i] = inside.pixels[i] >= 128 ? 255
                        : mask.pixels[i] >= 128 ? std::uint8_t(std::lround(255 * edge_weight))
                                                : 0;
  return weights;
}

}  // namespace

SquareArea area_around(const Component& object) {
  const double side = std::max(object.width(), object.height()) / RenderedPlace::span;
  return {(object.left + object.right + 1) / 2.0 - RenderedPlace::x * side,
          (object.top + object.bottom + 1) / 2.0 - RenderedPlace::y * side, side};
}

Image cut_out(const Image& picture, const Image& mask, const SquareArea& area, int side) {
  const double scale_x = double(mask.width) / picture.width;
  const double scale_y = double(mask.height) / picture.height;
  const std::vector<double> shares = coverage(mask, area, scale_x, scale_y, side);
  const Image weights = color_weights(mask);
  const auto columns = reaches(area.left, area.side, side, picture.width);
  const auto rows = reaches(area.top, area.side, side, picture.height);
  std::vector<int> mask_column(std::size_t(picture.width));
  for (int x = 0; x < picture.width; ++x)
    mask_column[std::size_t(x)] = std::min(mask.width - 1, int((x + 0.5) * scale_x));
  const bool grey = picture.channels <= 2, has_alpha = picture.channels % 2 == 0;
  Image result(side, side, 4);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const double share = shares[std::size_t(y) * std::size_t(side) + std::size_t(x)];
      std::uint8_t* out = result.at(x, y);
      const long alpha = std::lround(255 * share);
      if (alpha == 0) continue;
      const Reach &row = rows[std::size_t(y)], &column = columns[std::size_t(x)];
      std::array<double, 3> sums{};
      double total = 0;
      for (std::size_t v = 0; v < row.weights.size(); ++v) {
        const int source_y = row.first + int(v);
        const std::uint8_t* mask_row =
            weights.at(0, std::min(mask.height - 1, int((source_y + 0.5) * scale_y)));
        for (std::size_t u = 0; u < column.weights.size(); ++u) {
          const int source_x = column.first + int(u);
          const std::uint8_t* pixel = picture.at(source_x, source_y);
          const double weight = row.weights[v] * column.weights[u] *
                                mask_row[mask_column[std::size_t(source_x)]] *
                                (has_alpha ? pixel[picture.channels - 1] : 255);
          for (int c = 0; c < 3; ++c) sums[std::size_t(c)] += weight * pixel[grey ? 0 : c];
          total += weight;
        }
      }
      if (total <= 0) continue;
      for (int c = 0; c < 3; ++c) out[c] = std::uint8_t(std::lround(sums[std::size_t(c)] / total));
      out[3] = std::uint8_t(alpha);
    }
  return result;
}

Image with_alpha(const Image& picture, const Image& mask) {
  Image result(picture.width, picture.height, 4);
  const bool grey = picture.channels <= 2, has_alpha = picture.channels % 2 == 0;
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const std::uint8_t* pixel = picture.at(x, y);
      const int u = std::min(mask.width - 1, int((x + 0.5) * mask.width / picture.width));
      const int v = std::min(mask.height - 1, int((y + 0.5) * mask.height / picture.height));
      std::uint8_t* out = result.at(x, y);
      for (int c = 0; c < 3; ++c) out[c] = pixel[grey ? 0 : c];
      out[3] = *mask.at(u, v) < 128 ? 0 : has_alpha ? pixel[picture.channels - 1] : 255;
    }
  return result;
}

}  // namespace voxgrad
