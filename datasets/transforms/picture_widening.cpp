#include "datasets/transforms/picture_widening.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tensor/rng.h"

namespace voxgrad {
namespace {

/// A picture in work: R, G, B and alpha of each pixel, 0..255.
struct Canvas {
  int width, height;
  bool transparent;
  std::vector<std::array<float, 4>> pixels;

  explicit Canvas(const Image& image)
      : width(image.width),
        height(image.height),
        transparent(image.channels % 2 == 0),
        pixels(std::size_t(width) * std::size_t(height)) {
    const int c = image.channels;
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      const std::uint8_t* in = &image.pixels[i * std::size_t(c)];
      const bool grey = c < 3;
      pixels[i] = {float(in[0]), float(in[grey ? 0 : 1]), float(in[grey ? 0 : 2]),
                   transparent ? float(in[c - 1]) : 255.0f};
    }
  }
  std::array<float, 4>& at(int x, int y) {
    return pixels[std::size_t(y) * std::size_t(width) + std::size_t(x)];
  }
  Image image() const {
    const int channels = transparent ? 4 : 3;
    Image result(width, height, channels);
    for (std::size_t i = 0; i < pixels.size(); ++i)
      for (int c = 0; c < channels; ++c)
        result.pixels[i * std::size_t(channels) + std::size_t(c)] =
            std::uint8_t(std::clamp(std::lround(pixels[i][std::size_t(c)]), 0L, 255L));
    return result;
  }
};

void move(Canvas& canvas, const WideningDraw& draw) {
  Canvas before = canvas;
  const auto source = [&](double at, double size, double shift) {
    return (at + 0.5 - size / 2 - shift * size) / draw.zoom + size / 2 - 0.5;
  };
  for (int y = 0; y < canvas.height; ++y)
    for (int x = 0; x < canvas.width; ++x) {
      const double sx = source(x, canvas.width, draw.shift_x);
      const double sy = source(y, canvas.height, draw.shift_y);
      const int x0 = int(std::floor(sx)), y0 = int(std::floor(sy));
      const double u = sx - x0, v = sy - y0;
      std::array<double, 4> sum{};
      for (const auto& [i, j, share] : {std::tuple{0, 0, (1 - u) * (1 - v)},
                                        {1, 0, u * (1 - v)},
                                        {0, 1, (1 - u) * v},
                                        {1, 1, u * v}}) {
        const int xi = x0 + i, yi = y0 + j;
        if (xi < 0 || yi < 0 || xi >= canvas.width || yi >= canvas.height) continue;
        const auto& p = before.at(xi, yi);
        for (std::size_t c = 0; c < 3; ++c) sum[c] += share * p[c] * p[3];
        sum[3] += share * p[3];
      }
      auto& pixel = canvas.at(x, y);
      for (std::size_t c = 0; c < 3; ++c) pixel[c] = sum[3] > 0 ? float(sum[c] / sum[3]) : 0;
      pixel[3] = float(sum[3]);
    }
}

double luma(const std::array<float, 4>& p) {
  return 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
}

void recolor(Canvas& canvas, const WideningDraw& draw) {
  // A rotation about (1, 1, 1): Rodrigues' formula.
  const double angle = draw.hue * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle);
  const double same = c + (1 - c) / 3, next = (1 - c) / 3 - s / std::sqrt(3.0),
               last = (1 - c) / 3 + s / std::sqrt(3.0);
  const double tint_luma =
      std::max(1e-3, 0.299 * draw.tint[0] + 0.587 * draw.tint[1] + 0.114 * draw.tint[2]);
  for (auto& p : canvas.pixels) {
    const std::array<double, 3> in{p[0], p[1], p[2]};
    for (std::size_t k = 0; k < 3; ++k)
      p[k] = float(same * in[k] + next * in[(k + 1) % 3] + last * in[(k + 2) % 3]);
    if (draw.tint_share == 0) continue;
    const double grey = luma(p);
    for (std::size_t k = 0; k < 3; ++k)
      p[k] = float((1 - draw.tint_share) * p[k] +
                   draw.tint_share * std::min(255.0, grey * draw.tint[k] / tint_luma));
  }
}

void lay_on_backdrop(Canvas& canvas, const WideningDraw& draw) {
  constexpr int cells = 8;
  std::array<double, (cells + 2) * (cells + 2)> noise{};
  Rng rng(draw.seed, {1});
  for (double& value : noise) value = rng.uniform();
  const double dx = std::cos(draw.direction), dy = std::sin(draw.direction);
  const double reach = 0.5 * (std::abs(dx) + std::abs(dy));
  for (int y = 0; y < canvas.height; ++y)
    for (int x = 0; x < canvas.width; ++x) {
      const double u = (x + 0.5) / canvas.width, v = (y + 0.5) / canvas.height;
      double share = 0;  // of the second colour
      if (draw.backdrop == WideningDraw::Backdrop::gradient) {
        share = std::clamp(0.5 + 0.5 * ((u - 0.5) * dx + (v - 0.5) * dy) / reach, 0.0, 1.0);
      } else if (draw.backdrop == WideningDraw::Backdrop::noise) {
        const double a = u * cells, b = v * cells, fa = a - std::floor(a), fb = b - std::floor(b);
        const std::size_t at = std::size_t(b) * (cells + 2) + std::size_t(a);
        share = (noise[at] * (1 - fa) + noise[at + 1] * fa) * (1 - fb) +
                (noise[at + cells + 2] * (1 - fa) + noise[at + cells + 3] * fa) * fb;
      }
      auto& p = canvas.at(x, y);
      const double alpha = p[3] / 255.0;
      for (std::size_t k = 0; k < 3; ++k) {
        const double behind = draw.colors[0][k] * (1 - share) + draw.colors[1][k] * share;
        p[k] = float(p[k] * alpha + behind * (1 - alpha));
      }
      p[3] = 255;
    }
  canvas.transparent = false;
}

// Along one axis, of premultiplied colours.
void blur_lines(Canvas& canvas, const std::vector<double>& kernel, int step_x, int step_y) {
  Canvas before = canvas;
  const int radius = int(kernel.size()) - 1;
  for (int y = 0; y < canvas.height; ++y)
    for (int x = 0; x < canvas.width; ++x) {
      std::array<double, 4> sum{};
      for (int i = -radius; i <= radius; ++i) {
        const auto& p = before.at(std::clamp(x + i * step_x, 0, canvas.width - 1),
                                  std::clamp(y + i * step_y, 0, canvas.height - 1));
        const double share = kernel[std::size_t(std::abs(i))];
        for (std::size_t c = 0; c < 3; ++c) sum[c] += share * p[c] * p[3];
        sum[3] += share * p[3];
      }
      auto& pixel = canvas.at(x, y);
      for (std::size_t c = 0; c < 3; ++c) pixel[c] = sum[3] > 0 ? float(sum[c] / sum[3]) : 0;
      pixel[3] = float(sum[3]);
    }
}

void blur(Canvas& canvas, double deviation) {
  std::vector<double> kernel;
  double total = 0;
  for (int i = 0; i <= int(std::ceil(3 * deviation)); ++i) {
    kernel.push_back(std::exp(-0.5 * i * i / (deviation * deviation)));
    total += kernel.back() * (i == 0 ? 1 : 2);
  }
  for (double& share : kernel) share /= total;
  blur_lines(canvas, kernel, 1, 0);
  blur_lines(canvas, kernel, 0, 1);
}

void add_noise(Canvas& canvas, const WideningDraw& draw) {
  Rng rng(draw.seed, {2});
  for (auto& p : canvas.pixels)
    for (std::size_t c = 0; c < 3; ++c) p[c] += float(draw.noise * rng.normal());
}

}  // namespace

std::optional<Image> widened_picture(const Image& picture, const WideningDraw& draw) {
  if (draw == WideningDraw{}) return {};
  Canvas canvas(picture);
  if (canvas.transparent && (draw.zoom != 1 || draw.shift_x != 0 || draw.shift_y != 0))
    move(canvas, draw);
  if (draw.hue != 0 || draw.tint_share > 0) recolor(canvas, draw);
  if (canvas.transparent && draw.backdrop != WideningDraw::Backdrop::published)
    lay_on_backdrop(canvas, draw);
  constexpr double min_blur = 0.15;  // less changes nothing that 8 bits show
  if (draw.blur > min_blur) blur(canvas, draw.blur);
  if (draw.noise > 0) add_noise(canvas, draw);
  Image result = canvas.image();
  if (draw.jpeg_quality > 0 && !canvas.transparent)
    result = decode_image(encode_jpeg(result, draw.jpeg_quality), "a compressed picture");
  return result;
}

}  // namespace voxgrad
