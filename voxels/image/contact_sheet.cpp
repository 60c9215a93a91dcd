#include "voxels/image/contact_sheet.h"

#include <algorithm>
#include <cmath>

#include "tensor/error.h"

namespace voxgrad {
namespace {

/// The pixels that one pixel of the scaled picture covers, and with which weights.
struct Span {
  int first = 0;
  std::vector<double> weights;
};

/// A triangle filter, as wide as a pixel of the coarser of the two pictures.
std::vector<Span> filter(int from, int to) {
  const double ratio = double(from) / to, radius = std::max(1.0, ratio);
  std::vector<Span> spans(std::size_t(to), Span{});
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * ratio - 0.5;
    Span& span = spans[std::size_t(i)];
    span.first = std::max(0, int(std::ceil(centre - radius)));
    const int last = std::min(from - 1, int(std::floor(centre + radius)));
    double sum = 0;
    for (int k = span.first; k <= last; ++k) {
      span.weights.push_back(std::max(0.0, 1 - std::abs(k - centre) / radius));
      sum += span.weights.back();
    }
    for (double& weight : span.weights) weight /= sum;
  }
  return spans;
}

/// Any kind of picture as RGB over a background.
Image flattened(const Image& image, const std::array<std::uint8_t, 3>& background) {
  Image result(image.width, image.height, 3);
  const bool grey = image.channels <= 2, has_alpha = image.channels % 2 == 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t* pixel = image.at(x, y);
      const int alpha = has_alpha ? pixel[image.channels - 1] : 255;
      for (int c = 0; c < 3; ++c) {
        const int value = pixel[grey ? 0 : c];
        result.at(x, y)[c] =
            std::uint8_t((value * alpha + background[c] * (255 - alpha) + 127) / 255);
      }
    }
  }
  return result;
}

void paste(const Image& source, Image& target, int left, int top) {
  for (int y = 0; y < source.height; ++y) {
    std::copy_n(source.at(0, y), 3 * source.width, target.at(left, top + y));
  }
}

}  // namespace

Image resized(const Image& image, int width, int height) {
  Image result(width, height, image.channels);
  const auto columns = filter(image.width, width), rows = filter(image.height, height);
  const auto channels = std::size_t(image.channels);
  std::vector<double> squeezed(std::size_t(width) * std::size_t(image.height) * channels, 0.0);
  double* out = squeezed.data();
  for (int y = 0; y < image.height; ++y) {
    for (const Span& span : columns) {
      for (std::size_t c = 0; c < channels; ++c, ++out) {
        for (std::size_t k = 0; k < span.weights.size(); ++k) {
          *out += span.weights[k] * image.at(span.first + int(k), y)[c];
        }
      }
    }
  }
  const std::size_t row_size = std::size_t(width) * channels;
  for (int y = 0; y < height; ++y) {
    const Span& span = rows[std::size_t(y)];
    for (std::size_t i = 0; i < row_size; ++i) {
      double value = 0;
      for (std::size_t k = 0; k < span.weights.size(); ++k) {
        value += span.weights[k] * squeezed[(std::size_t(span.first) + k) * row_size + i];
      }
      result.pixels[std::size_t(y) * row_size + i] = std::uint8_t(std::lround(value));
    }
  }
  return result;
}

Image contact_sheet(std::span<const Image> images, const SheetOptions& options) {
  check(!images.empty(), "[contact_sheet] there is no picture");
  check(options.cell >= 1 && options.margin >= 0 && options.columns >= 0, "[contact_sheet] cell ",
        options.cell, ", margin ", options.margin, ", columns ", options.columns,
        ": cell must be positive, the others not negative");
  const int count = int(images.size());
  const int columns = options.columns == 0 ? count : std::min(options.columns, count);
  const int rows = (count + columns - 1) / columns, pitch = options.cell + options.margin;
  Image sheet(columns * pitch + options.margin, rows * pitch + options.margin, 3);
  for (int y = 0; y < sheet.height; ++y) {
    for (int x = 0; x < sheet.width; ++x) {
      std::copy_n(options.background.begin(), 3, sheet.at(x, y));
    }
  }
  for (int i = 0; i < count; ++i) {
    const Image& image = images[std::size_t(i)];
    const double scale = double(options.cell) / std::max(image.width, image.height);
    const int width = std::max(1, int(std::lround(image.width * scale)));
    const int height = std::max(1, int(std::lround(image.height * scale)));
    paste(resized(flattened(image, options.background), width, height), sheet,
          options.margin + i % columns * pitch + (options.cell - width) / 2,
          options.margin + i / columns * pitch + (options.cell - height) / 2);
  }
  return sheet;
}

}  // namespace voxgrad
