#include "pix2vox/prediction/plain_background.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "pix2vox/prediction/object_mask.h"

namespace voxgrad {
namespace {

constexpr int terms = 6;
using Color = std::array<double, 3>;
using Basis = std::array<double, terms>;

constexpr double max_noise = 9;    // of a plain background, in levels of 255
constexpr double min_share = 0.7;  // of its border
constexpr double darkest_shadow = 0.4;
// Differences to the background, in levels and in standard deviations of the noise.
constexpr double least_difference = 5, noise_factor = 3.5;
// A shadow's brightness changes by less than this from one pixel to the next.
constexpr double shadow_step = 2.5;
// Edges of shadows rise by less than this within edge_reach pixels to either side.
constexpr double soft_edge = 16;
constexpr int edge_reach = 3;

Basis basis_at(double x, double y) {
  return {1, x, y, x * x, x * y, y * y};
}

double normalized(int i, int size) {
  return size == 1 ? 0 : 2.0 * i / (size - 1) - 1;
}

Color color_of(const Image& picture, int x, int y) {
  const std::uint8_t* pixel = picture.at(x, y);
  if (picture.channels < 3) return {double(pixel[0]), double(pixel[0]), double(pixel[0])};
  return {double(pixel[0]), double(pixel[1]), double(pixel[2])};
}

double brightness(const Color& color) {
  return (color[0] + 2 * color[1] + color[2]) / 4;
}

double largest_difference(const Color& a, const Color& b) {
  return std::max({std::abs(a[0] - b[0]), std::abs(a[1] - b[1]), std::abs(a[2] - b[2])});
}

struct BorderPixel {
  Basis basis;
  Color color;
  double weight = 1;
};

std::vector<BorderPixel> border_of(const Image& picture) {
  const int width = std::max(1, std::min(picture.width, picture.height) / 50);
  std::vector<BorderPixel> border;
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const bool inside =
          x >= width && x < picture.width - width && y >= width && y < picture.height - width;
      if (!inside)
        border.push_back({basis_at(normalized(x, picture.width), normalized(y, picture.height)),
                          color_of(picture, x, y)});
    }
  return border;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

/// Solves A x = b by elimination with pivoting; A is symmetric and made definite by a small ridge.
std::array<double, terms> solved(std::array<std::array<double, terms + 1>, terms> rows) {
  for (int i = 0; i < terms; ++i) {
    int pivot = i;
    for (int k = i + 1; k < terms; ++k)
      if (std::abs(rows[k][i]) > std::abs(rows[pivot][i])) pivot = k;
    std::swap(rows[i], rows[pivot]);
    for (int k = 0; k < terms; ++k) {
      if (k == i) continue;
      const double factor = rows[k][i] / rows[i][i];
      for (int j = i; j <= terms; ++j) rows[k][j] -= factor * rows[i][j];
    }
  }
  std::array<double, terms> x;
  for (int i = 0; i < terms; ++i) x[i] = rows[i][terms] / rows[i][i];
  return x;
}

void fit(const std::vector<BorderPixel>& border, PlainBackground& background) {
  for (std::size_t c = 0; c < 3; ++c) {
    std::array<std::array<double, terms + 1>, terms> rows{};
    double total = 1e-9;
    for (const BorderPixel& pixel : border) {
      total += pixel.weight;
      for (int i = 0; i < terms; ++i) {
        const double weighted = pixel.weight * pixel.basis[i];
        for (int j = 0; j < terms; ++j) rows[i][j] += weighted * pixel.basis[j];
        rows[i][terms] += weighted * pixel.color[c];
      }
    }
    for (int i = 0; i < terms; ++i) rows[i][i] += 1e-6 * total + (i >= 3 ? 1e-3 * total : 0);
    background.surface[c] = solved(rows);
  }
}

Color value_at(const PlainBackground& background, const Basis& basis) {
  Color color{};
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t i = 0; i < terms; ++i) color[c] += background.surface[c][i] * basis[i];
  return color;
}

std::vector<double> residuals(const std::vector<BorderPixel>& border,
                              const PlainBackground& background) {
  std::vector<double> result;
  result.reserve(border.size());
  for (const BorderPixel& pixel : border)
    result.push_back(largest_difference(pixel.color, value_at(background, pixel.basis)));
  return result;
}

/// Noise and share of the border's pixels.
void measure(const std::vector<BorderPixel>& border, PlainBackground& background) {
  const std::vector<double> rest = residuals(border, background);
  // 1.1: the largest of three half-normal differences has this median, in standard deviations.
  background.noise = median(rest) / 1.1;
  const double limit = std::max(least_difference + 3, 4 * background.noise);
  background.share = double(std::ranges::count_if(rest, [&](double r) { return r <= limit; })) /
                     double(rest.size());
  double sum = 0, weights = 1e-9;
  for (const BorderPixel& pixel : border) {
    sum += pixel.weight * brightness(pixel.color);
    weights += pixel.weight;
  }
  background.grey = sum / weights;
}

/// The picture's colours beside what the background would be, smoothed a little against noise.
struct Comparison {
  int width, height;
  std::vector<Color> seen, expected;

  Comparison(const Image& picture, const PlainBackground& background)
      : width(picture.width), height(picture.height) {
    std::vector<Color> raw;
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        raw.push_back(color_of(picture, x, y));
        expected.push_back(background.color_at(normalized(x, width), normalized(y, height)));
      }
    seen = background.noise < 1 ? raw : smoothed(raw);
  }

  double difference(std::size_t i) const { return largest_difference(seen[i], expected[i]); }
  double darkening(std::size_t i) const {
    return brightness(seen[i]) / std::max(1.0, brightness(expected[i]));
  }
  /// How far the colour is from the background's own, made darker.
  double tint(std::size_t i) const {
    const double factor = darkening(i);
    double largest = 0;
    for (std::size_t c = 0; c < 3; ++c)
      largest = std::max(largest, std::abs(seen[i][c] - factor * expected[i][c]));
    return largest;
  }

 private:
  std::vector<Color> smoothed(const std::vector<Color>& raw) const {
    std::vector<Color> result(raw.size());
    constexpr double weights[3] = {1, 2, 1};
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        Color sum{};
        for (int v = -1; v <= 1; ++v)
          for (int u = -1; u <= 1; ++u) {
            const Color& color = raw[std::size_t(std::clamp(y + v, 0, height - 1) * width +
                                                 std::clamp(x + u, 0, width - 1))];
            for (std::size_t c = 0; c < 3; ++c)
              sum[c] += weights[u + 1] * weights[v + 1] * color[c];
          }
        for (std::size_t c = 0; c < 3; ++c) result[std::size_t(y * width + x)][c] = sum[c] / 16;
      }
    return result;
  }
};

class Separation {
 public:
  Separation(const Image& picture, const PlainBackground& background)
      : compared_(picture, background),
        limit_(std::max(least_difference, noise_factor * background.noise)),
        step_(std::max(shadow_step, 0.8 * background.noise)),
        object_(picture.width, picture.height, 1) {}

  Image mask() {
    for (std::size_t i = 0; i < size(); ++i)
      object_.pixels[i] = compared_.difference(i) > limit_ ? 255 : 0;
    Image shadow = flooded();
    keep_soft(shadow);
    for (std::size_t i = 0; i < size(); ++i)
      if (shadow.pixels[i] != 0) object_.pixels[i] = 0;
    return object_;
  }

 private:
  std::size_t size() const { return object_.pixels.size(); }

  bool may_be_shadow(std::size_t i) const {
    const double factor = compared_.darkening(i);
    return factor >= darkest_shadow && factor <= 1.06 && compared_.tint(i) <= limit_;
  }

  template <class Visit>
  void for_neighbours(std::size_t i, const Visit& visit) const {
    const int x = int(i) % compared_.width, y = int(i) / compared_.width;
    if (x > 0) visit(i - 1);
    if (x + 1 < compared_.width) visit(i + 1);
    if (y > 0) visit(i - std::size_t(compared_.width));
    if (y + 1 < compared_.height) visit(i + std::size_t(compared_.width));
  }

  /// What is reached from the background in small steps of brightness.
  Image flooded() const {
    Image reached(compared_.width, compared_.height, 1);
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < size(); ++i)
      if (object_.pixels[i] == 0) open.push_back(i);
    while (!open.empty()) {
      const std::size_t i = open.back();
      open.pop_back();
      for_neighbours(i, [&](std::size_t next) {
        if (object_.pixels[next] == 0 || reached.pixels[next] != 0 || !may_be_shadow(next)) return;
        const double rise =
            std::abs(brightness(compared_.seen[next]) - brightness(compared_.seen[i]));
        if (rise > step_) return;
        reached.pixels[next] = 255;
        open.push_back(next);
      });
    }
    return reached;
  }

  /// How much the difference to the background rises across a pixel, along rows or columns.
  double rise_at(int x, int y) const {
    const auto at = [&](int u, int v) {
      u = std::clamp(u, 0, compared_.width - 1);
      v = std::clamp(v, 0, compared_.height - 1);
      return compared_.difference(std::size_t(v * compared_.width + u));
    };
    return std::max(std::abs(at(x + edge_reach, y) - at(x - edge_reach, y)),
                    std::abs(at(x, y + edge_reach) - at(x, y - edge_reach)));
  }

  /// Clears regions whose edges to the background are sharp: parts of the object into which the
  /// flood has leaked.
  void keep_soft(Image& shadow) const {
    std::vector<int> labels;
    const std::vector<Component> regions = components_of(shadow, &labels);
    std::vector<int> edges(regions.size(), 0), sharp(regions.size(), 0);
    for (std::size_t i = 0; i < size(); ++i) {
      if (labels[i] == 0) continue;
      bool at_background = false;
      for_neighbours(
          i, [&](std::size_t next) { at_background = at_background || object_.pixels[next] == 0; });
      if (!at_background) continue;
      const auto region = std::size_t(labels[i]) - 1;
      ++edges[region];
      if (rise_at(int(i) % compared_.width, int(i) / compared_.width) > soft_edge) ++sharp[region];
    }
    for (std::size_t i = 0; i < size(); ++i) {
      if (labels[i] == 0) continue;
      const auto region = std::size_t(labels[i]) - 1;
      if (2 * sharp[region] > edges[region]) shadow.pixels[i] = 0;
    }
  }

  Comparison compared_;
  double limit_, step_;
  Image object_;
};

}  // namespace

bool PlainBackground::plain() const {
  return noise <= max_noise && share >= min_share;
}

std::array<double, 3> PlainBackground::color_at(double x, double y) const {
  return value_at(*this, basis_at(x, y));
}

PlainBackground model_background(const Image& picture) {
  std::vector<BorderPixel> border = border_of(picture);
  PlainBackground background;
  for (std::size_t c = 0; c < 3; ++c) {
    std::vector<double> values;
    for (const BorderPixel& pixel : border) values.push_back(pixel.color[c]);
    background.surface[c][0] = median(std::move(values));
  }
  constexpr int rounds = 10;
  for (int round = 0; round < rounds; ++round) {
    const std::vector<double> rest = residuals(border, background);
    // The first rounds are generous: a gradient has not been fitted yet.
    const double scale = std::max(4.7 * median(rest), round < 3 ? 30.0 : 6.0);
    for (std::size_t i = 0; i < border.size(); ++i) {
      const double u = rest[i] / scale;
      border[i].weight = u < 1 ? (1 - u * u) * (1 - u * u) : 0;
    }
    fit(border, background);
  }
  measure(border, background);
  return background;
}

PlainBackground background_of_color(const Image& picture,
                                    const std::array<std::uint8_t, 3>& color) {
  PlainBackground background;
  for (std::size_t c = 0; c < 3; ++c) background.surface[c][0] = color[c];
  std::vector<BorderPixel> near;
  for (const BorderPixel& pixel : border_of(picture))
    if (largest_difference(pixel.color, value_at(background, pixel.basis)) < 40)
      near.push_back(pixel);
  if (near.empty()) near.push_back({basis_at(0, 0), value_at(background, basis_at(0, 0))});
  measure(near, background);
  return background;
}

Image mask_against(const Image& picture, const PlainBackground& background) {
  return Separation(picture, background).mask();
}

}  // namespace voxgrad
