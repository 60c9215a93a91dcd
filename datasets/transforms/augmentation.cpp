// The random numbers of transforms.h, and the colour map that they give.
#include <algorithm>
#include <cmath>

#include "datasets/transforms/color_matrix.h"
#include "datasets/transforms/transforms.h"
#include "tensor/error.h"

namespace voxgrad {

namespace {

bool widens(const TransformOptions& o) {
  return !o.backdrops.empty() || o.hue > 0 || o.tint > 0 || o.zoom > 0 || o.shift > 0 ||
         o.blur > 0 || o.pixel_noise > 0 || o.jpeg > 0;
}

WideningDraw::Backdrop backdrop_of(const std::string& name) {
  if (name == "plain") return WideningDraw::Backdrop::plain;
  if (name == "gradient") return WideningDraw::Backdrop::gradient;
  if (name == "noise") return WideningDraw::Backdrop::noise;
  check<ConfigError>(name == "published", "[transform] no backdrop \"", name,
                     "\": there are plain, gradient, noise, published");
  return WideningDraw::Backdrop::published;
}

/// Colours of the object, the same in all views; the rest is drawn for each view.
void sample_widening(Rng& rng, AugmentationDraw& draw, const TransformOptions& options) {
  WideningDraw object;
  object.hue = rng.uniform(-options.hue, options.hue);
  const bool tinted = rng.uniform() < options.tint;
  object.tint_share = tinted ? rng.uniform(0.4, 1) : 0;
  for (double& channel : object.tint) channel = rng.uniform(0.05, 0.95);
  for (AugmentationDraw::View& view : draw.views) {
    WideningDraw& w = view.widening = object;
    if (!options.backdrops.empty())
      w.backdrop = backdrop_of(options.backdrops[rng.below(options.backdrops.size())]);
    const auto [low, high] = options.backdrop_range;
    for (auto& color : w.colors)
      for (int& channel : color) channel = low + int(rng.below(std::uint64_t(high - low) + 1));
    w.direction = rng.uniform(0, 6.283185307179586);
    const double reach = std::log(1 + options.zoom);
    w.zoom = std::exp(rng.uniform(-reach, reach));
    w.shift_x = rng.uniform(-options.shift, options.shift);
    w.shift_y = rng.uniform(-options.shift, options.shift);
    w.blur = rng.uniform() * options.blur;
    w.noise = rng.uniform() * options.pixel_noise;
    const bool jpeg = rng.uniform() < options.jpeg;
    const auto [worst, best] = options.jpeg_quality;
    const int quality = worst + int(rng.below(std::uint64_t(best - worst) + 1));
    w.jpeg_quality = jpeg ? quality : 0;
    w.seed = rng.next_u64();
  }
}

}  // namespace

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
  const auto within = [](const char* name, double value, double most) {
    check<ConfigError>(value >= 0 && value <= most, "[transform] ", name, " must be in 0..", most,
                       ", got ", value);
  };
  for (const std::string& name : options.backdrops) backdrop_of(name);
  within("hue", options.hue, 180);
  within("tint", options.tint, 1);
  within("zoom", options.zoom, 1);
  within("shift", options.shift, 0.5);
  within("blur", options.blur, 16);
  within("pixel_noise", options.pixel_noise, 128);
  within("jpeg", options.jpeg, 1);
  const auto [dark, bright] = options.backdrop_range;
  check<ConfigError>(is_color(dark) && is_color(bright) && dark <= bright,
                     "[transform] backdrops must be in 0..255 and low <= high, got ", dark, "..",
                     bright);
  const auto [worst, best] = options.jpeg_quality;
  check<ConfigError>(worst >= 1 && worst <= best && best <= 100,
                     "[transform] jpeg_quality must be in 1..100 and low <= high, got ", worst,
                     "..", best);
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
  // Behind all others, so that these do not change.
  if (widens(options)) sample_widening(rng, draw, options);
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
