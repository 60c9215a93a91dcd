// The mathematics of image_ops.h per pixel, written once for the CPU's loop and for CUDA's kernel:
// bilinear resize, background and affine map of colours.
#pragma once

#include "tensor/ops/functors.h"
#include "tensor/ops/image_ops.h"

namespace voxgrad {

namespace functors {

/// A place of a bilinear resize: source[first] + (source[second] - source[first]) * weight,
/// 0 <= weight < 1. Where the weight is 0, second equals first.
struct Tap {
  int first, second;
  float weight;
};

/// Result `place` of `size` from the `extent` pixels that start at `origin` of a line of `limit`
/// pixels; pixels outside the line repeat its ends.
VOXGRAD_HD inline Tap tap_of(int place, int size, int origin, int extent, int limit) {
  // Half-pixel centres: (place + 1/2) * extent / size - 1/2, exact up to the division, so that a
  // weight that should be 0 is 0: the background test asks for an alpha of exactly 0.
  const std::int64_t numerator = (2 * std::int64_t(place) + 1) * extent - size;
  const float position = float(double(numerator) / (2.0 * size));
  const int base = int(std::floor(position));
  const bool at_edge = base < 0 || base >= extent - 1;
  const int start = base < 0 ? 0 : base >= extent - 1 ? extent - 1 : base;
  const auto inside = [=](int i) {
    return origin + i < 0 ? 0 : origin + i >= limit ? limit - 1 : origin + i;
  };
  const float weight = at_edge ? 0.0f : position - float(base);
  const int first = inside(start);
  return {first, weight == 0 ? first : inside(start + 1), weight};
}

/// B, G, R in [0,1], and alpha.
template <class T>
struct Texel {
  T color[3];
  unsigned alpha;
};

template <class T>
VOXGRAD_HD Texel<T> texel_of(const std::uint8_t* pixels, const ImageParameters& picture, int x,
                             int y) {
  struct alignas(4) Whole {
    std::uint8_t channel[4];
  };
  const std::int64_t place = std::int64_t(y) * picture.width + x;
  const T unit = T(1) / T(255);
  if (picture.channels == 4) {  // in one go
    const Whole pixel = reinterpret_cast<const Whole*>(pixels)[place];
    return {{T(pixel.channel[2]) * unit, T(pixel.channel[1]) * unit, T(pixel.channel[0]) * unit},
            pixel.channel[3]};
  }
  const std::uint8_t* pixel = pixels + place * picture.channels;
  const int blue = picture.channels == 3 ? 2 : 0, green = picture.channels == 3 ? 1 : 0;
  return {{T(pixel[blue]) * unit, T(pixel[green]) * unit, T(pixel[0]) * unit},
          picture.channels == 2 ? pixel[1] : 255u};
}

/// B, G, R of the resized picture with its background, before the map.
template <class T>
struct Color {
  T channel[3];
};

template <class T>
VOXGRAD_HD Color<T> resized_color(const std::uint8_t* pixels, const ImageParameters& picture,
                                  const Tap& column, const Tap& row) {
  const Texel<T> a = texel_of<T>(pixels, picture, column.first, row.first);
  const Texel<T> b = texel_of<T>(pixels, picture, column.second, row.first);
  const Texel<T> c = texel_of<T>(pixels, picture, column.first, row.second);
  const Texel<T> d = texel_of<T>(pixels, picture, column.second, row.second);
  // Every pixel that a tap names has a share, so the resized alpha is 0 only where all of them are.
  const bool hidden = (a.alpha | b.alpha | c.alpha | d.alpha) == 0;
  Color<T> result;
  for (int i = 0; i < 3; ++i) {
    const T above = a.color[i] + (b.color[i] - a.color[i]) * T(column.weight);
    const T below = c.color[i] + (d.color[i] - c.color[i]) * T(column.weight);
    result.channel[i] = hidden ? T(picture.background[i]) : above + (below - above) * T(row.weight);
  }
  return result;
}

VOXGRAD_HD inline Tap column_tap(const ImageParameters& picture, int x, int size) {
  return tap_of(picture.flip ? size - 1 - x : x, size, picture.left, picture.area_width,
                picture.width);
}

VOXGRAD_HD inline Tap row_tap(const ImageParameters& picture, int y, int size) {
  return tap_of(y, size, picture.top, picture.area_height, picture.height);
}

/// One row of the affine map, its mean known.
template <class T>
struct ColorRow {
  T weight[4];
  VOXGRAD_HD T operator()(const Color<T>& color) const {
    return weight[0] * color.channel[0] + weight[1] * color.channel[1] +
           weight[2] * color.channel[2] + weight[3];
  }
};

/// sums: of the resized B, G, R over all pixels. Not looked at where the picture needs no mean.
template <class T>
VOXGRAD_HD ColorRow<T> color_row(const ImageParameters& picture, int channel, const double* sums,
                                 double pixels) {
  const double* map = picture.map[channel];
  double offset = map[3];
  if (picture.needs_mean)
    for (int i = 0; i < 3; ++i) offset += picture.mean_share[channel][i] * (sums[i] / pixels);
  return {{T(map[0]), T(map[1]), T(map[2]), T(offset)}};
}

}  // namespace functors

}  // namespace voxgrad
