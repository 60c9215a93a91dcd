#include "voxels/render/picture_camera.h"

#include <algorithm>
#include <cmath>

#include "tensor/error.h"
#include "voxels/image/srgb.h"
#include "voxels/render/soft_light.h"

namespace voxgrad {
namespace {

// Light is summed in linear RGB.
Vec3d to_linear(const Color& color) {
  Vec3d result;
  for (std::size_t i = 0; i < 3; ++i) result[i] = linear_from_srgb(color[i] / 255.0);
  return result;
}

}  // namespace

PictureCamera::PictureCamera(int n, const PictureOptions& options)
    : width_(options.width), height_(options.height) {
  constexpr double distance_in_cubes = 3.5, filled_share = 0.97;
  const Vec3d to_camera = direction_from_angles(options.azimuth, options.elevation);
  forward_ = -1.0 * to_camera;
  right_ = normalized(cross(forward_, {0, 1, 0}));
  up_ = cross(right_, forward_);
  const Vec3d centre{n / 2.0, n / 2.0, n / 2.0};
  position_ = centre + distance_in_cubes * n * to_camera;
  double left = 0, right = 0, low = 0, high = 0;
  for (int corner = 0; corner < 8; ++corner) {
    const Vec3d point{double((corner & 1) * n), double((corner >> 1 & 1) * n),
                      double((corner >> 2) * n)};
    const Vec3d offset = point - position_;
    const double depth = dot(offset, forward_);
    left = std::min(left, dot(offset, right_) / depth);
    right = std::max(right, dot(offset, right_) / depth);
    low = std::min(low, dot(offset, up_) / depth);
    high = std::max(high, dot(offset, up_) / depth);
  }
  middle_ = {(left + right) / 2, (low + high) / 2};
  pixel_ = std::max((right - left) / width_, (high - low) / height_) / filled_share;
}

Ray PictureCamera::ray(double x, double y) const {
  const double u = middle_[0] + (x - width_ / 2.0) * pixel_;
  const double v = middle_[1] - (y - height_ / 2.0) * pixel_;
  return {position_, normalized(forward_ + u * right_ + v * up_)};
}

PictureColors::PictureColors(const PictureOptions& options)
    : object_(to_linear(options.color)),
      background_(to_linear(options.background)),
      clear_(options.transparent) {}

Seen PictureColors::background() const {
  if (clear_) return {.alpha = 0};
  return {.light = background_};
}

Seen PictureColors::ground(double light) const {
  if (!clear_) return {.light = light * background_};
  // Viewers blend sRGB values: black of this alpha over white looks like white under this light.
  return {.alpha = 1 - srgb_from_linear(std::clamp(light, 0.0, 1.0))};
}

void PictureColors::write(const Vec3d& light, double alpha, std::uint8_t* pixel) const {
  if (!clear_) {
    for (std::size_t i = 0; i < 3; ++i) pixel[i] = srgb_byte(light[i]);
    return;
  }
  const double share = std::clamp(alpha, 0.0, 1.0);
  for (std::size_t i = 0; i < 3; ++i)
    pixel[i] = share > 0 ? srgb_byte(light[i] / share) : std::uint8_t(0);
  pixel[3] = std::uint8_t(std::lround(255 * share));
}

void check_picture(const PictureOptions& options) {
  constexpr int max_side = 8192;
  check(options.width >= 1 && options.width <= max_side && options.height >= 1 &&
            options.height <= max_side,
        "[draw_voxels] picture of ", options.width, "x", options.height, ": sides must be in 1..",
        max_side);
  check(options.samples >= 1 && options.samples <= 16, "[draw_voxels] ", options.samples,
        " samples are not in 1..16");
  check(std::abs(options.elevation) <= 80, "[draw_voxels] elevation ", options.elevation,
        " is not in -80..80");
}

Image empty_picture(const PictureOptions& options) {
  const PictureColors colors(options);
  Image image(options.width, options.height, colors.channels());
  const Seen seen = colors.background();
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) colors.write(seen.light, seen.alpha, image.at(x, y));
  return image;
}

}  // namespace voxgrad
