// The random numbers of transforms.h, and the colour map that they give.
#include <algorithm>

#include "datasets/transforms/color_matrix.h"
#include "datasets/transforms/transforms.h"
#include "tensor/error.h"

namespace voxgrad {

void check_transform_options(const TransformOptions& options) {
  check<ConfigError>(
      options.crop >= 0 && options.crop <= 8192 && options.size >= 1 && options.size <= 8192,
      "[transform] crop must be in 0..8192 and size in 1..8192, got ", options.crop, " and ",
      options.size);
  const auto [low, high] = options.background_range;
  const auto is_color = [](int value) { return value >= 0 && value <= 255; };
  check<ConfigError>(is_color(options.background) && is_color(low) && is_color(high) && low <= high,
                     "[transform] backgrounds must be in 0..255 and low <= high, got ",
                     options.background, ", ", low, "..", high);
  check<ConfigError>(options.min_alpha >= 0 && options.min_alpha <= 255,
                     "[transform] min_alpha must be in 0..255, got ", options.min_alpha);
  for (const double jitter : {options.brightness, options.contrast, options.saturation})
    check<ConfigError>(jitter >= 0 && jitter <= 1,
                       "[transform] brightness, contrast and saturation must be in 0..1, got ",
                       jitter);
  check<ConfigError>(options.noise_std >= 0 && options.noise_std <= 10,
                     "[transform] noise_std must be in 0..10, got ", options.noise_std);
}

AugmentationDraw no_augmentation(int n_views, const TransformOptions& options) {
  AugmentationDraw draw;
  draw.background.fill(options.background);
  draw.views.resize(std::size_t(n_views));
  return draw;
}

AugmentationDraw sample_augmentation(Rng& rng, int n_views, const TransformOptions& options) {
  AugmentationDraw draw;
  const auto [low, high] = options.background_range;
  const auto shades = std::uint64_t(high - low) + 1;
  for (int& shade : draw.background) shade = low + int(rng.below(shades));
  draw.brightness = 1 + rng.uniform(-options.brightness, options.brightness);
  draw.contrast = 1 + rng.uniform(-options.contrast, options.contrast);
  draw.saturation = 1 + rng.uniform(-options.saturation, options.saturation);
  const auto order = rng.permutation(3);
  std::ranges::transform(order, draw.order.begin(), [](auto i) { return ColorStep(i); });
  for (double& weight : draw.noise) weight = options.noise_std * rng.normal();
  if (options.permute_channels) {
    const auto channels = rng.permutation(3);
    std::ranges::transform(channels, draw.channels.begin(), [](auto c) { return int(c); });
  }
  draw.views.resize(std::size_t(n_views));
  for (AugmentationDraw::View& view : draw.views) {
    view.flip = options.flip && rng.uniform() < 0.5;
    view.box_scale = rng.uniform(0.8, 1.2);
    for (double& edge : view.box_edges) edge = rng.uniform(0.4, 0.6);
  }
  return draw;
}

namespace {

using Row = std::array<double, 4>;

Row blend(const Row& a, const Row& b, double share_of_a) {
  Row result;
  for (std::size_t i = 0; i < 4; ++i) result[i] = share_of_a * a[i] + (1 - share_of_a) * b[i];
  return result;
}

/// The luma of ITU-R BT.601 as a function of the original colour.
Row grey_of(const ColorMatrix& map) {
  Row grey;
  for (std::size_t i = 0; i < 4; ++i)
    grey[i] = 0.114 * map[0][i] + 0.587 * map[1][i] + 0.299 * map[2][i];
  return grey;
}

void apply_step(ColorMatrix& map, ColorStep step, const AugmentationDraw& draw,
                const std::array<double, 3>& mean) {
  if (step == ColorStep::brightness) {
    for (Row& row : map) row = blend(row, Row{}, draw.brightness);
    return;
  }
  const Row grey = grey_of(map);
  if (step == ColorStep::saturation) {
    for (Row& row : map) row = blend(row, grey, draw.saturation);
    return;
  }
  const double mean_grey = grey[0] * mean[0] + grey[1] * mean[1] + grey[2] * mean[2] + grey[3];
  for (Row& row : map) row = blend(row, Row{0, 0, 0, mean_grey}, draw.contrast);
}

/// Offsets of R, G and B along the principal components of ImageNet's colours.
std::array<double, 3> color_noise(const std::array<double, 3>& weights) {
  constexpr std::array<double, 3> values{0.2175, 0.0188, 0.0045};
  constexpr double vectors[3][3] = {
      {-0.5675, 0.7192, 0.4009}, {-0.5808, -0.0045, -0.8140}, {-0.5836, -0.6948, 0.4203}};
  std::array<double, 3> offsets{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) offsets[i] += vectors[i][j] * values[j] * weights[j];
  return offsets;
}

}  // namespace

ColorMatrix color_matrix(const AugmentationDraw& draw, const std::array<double, 3>& mean) {
  ColorMatrix map{Row{1, 0, 0, 0}, Row{0, 1, 0, 0}, Row{0, 0, 1, 0}};
  for (const ColorStep step : draw.order) apply_step(map, step, draw, mean);
  const auto noise = color_noise(draw.noise);
  for (std::size_t c = 0; c < 3; ++c) map[c][3] += noise[2 - c];
  for (Row& row : map) {
    for (double& entry : row) entry *= 2;
    row[3] -= 1;
  }
  ColorMatrix permuted;
  for (std::size_t c = 0; c < 3; ++c) permuted[c] = map[std::size_t(draw.channels[c])];
  return permuted;
}

}  // namespace voxgrad
