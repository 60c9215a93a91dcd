#include "voxels/render/soft_light.h"

#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>

namespace voxgrad {
namespace {

constexpr double kSkyStrength = 0.52, kSunStrength = 0.8, kGroundSunPart = 0.35;
constexpr double kGroundBounce = 0.55, kBlockBounce = 0.14;  // light from below and beside
constexpr double kSunRadius = 0.07;
constexpr int kSunRays = 3;

/// Directions spread evenly over the sphere (Fibonacci lattice).
std::vector<Vec3d> sphere_directions(int count) {
  std::vector<Vec3d> result;
  for (int i = 0; i < count; ++i) {
    const double y = 1 - (2 * i + 1.0) / count, radius = std::sqrt(1 - y * y);
    const double angle = i * std::numbers::pi * (3 - std::sqrt(5.0));
    result.push_back({radius * std::cos(angle), y, radius * std::sin(angle)});
  }
  return result;
}

}  // namespace

Vec3d direction_from_angles(double azimuth, double elevation) {
  constexpr double radians = std::numbers::pi / 180;
  const double a = azimuth * radians, e = elevation * radians;
  return {std::cos(e) * std::sin(a), std::sin(e), std::cos(e) * std::cos(a)};
}

SoftLight::SoftLight(Blocked blocked, int n, double ground_height, double camera_azimuth)
    : blocked_(std::move(blocked)),
      ground_height_(ground_height),
      sky_directions_(sphere_directions(256)) {
  follow(camera_azimuth);
  light_ground(n);
}

void SoftLight::follow(double camera_azimuth) {
  sun_ = direction_from_angles(camera_azimuth - 55, 56);
  sun_u_ = normalized(cross(sun_, {0, 1, 0}));
  sun_v_ = cross(sun_, sun_u_);
}

double SoftLight::sky(const Vec3d& point, const Vec3d& normal) const {
  double light = 0, whole = 0;
  for (const Vec3d& direction : sky_directions_) {
    const double facing = dot(direction, normal);
    if (facing <= 0) continue;
    whole += facing;
    const bool blocked = blocked_(point, direction);
    light += facing * (blocked ? kBlockBounce : direction[1] < 0 ? kGroundBounce : 1.0);
  }
  return light / whole;
}

double SoftLight::surface(double sky, const Vec3d& point, const Vec3d& normal, int sample,
                          double turn) const {
  const double facing = dot(normal, sun_);
  const double sun = facing > 0 ? facing * sun_share(point, sample, turn) : 0;
  return kSkyStrength * sky + kSunStrength * sun;
}

double SoftLight::ground(const Vec3d& point, int sample, double turn) const {
  const double x = point[0] - ground_origin_[0], z = point[2] - ground_origin_[1];
  const int i = int(std::floor(x)), k = int(std::floor(z));
  if (i < 0 || k < 0 || i + 1 >= ground_side_ || k + 1 >= ground_side_) return 1;
  const auto sky = [&](int di, int dk) {
    return ground_sky_[std::size_t(i + di) * std::size_t(ground_side_) + std::size_t(k + dk)];
  };
  const double u = x - i, v = z - k;
  const double sky_light =
      (1 - u) * ((1 - v) * sky(0, 0) + v * sky(0, 1)) + u * ((1 - v) * sky(1, 0) + v * sky(1, 1));
  const double sun_light = sun_share(point + Vec3d{0, 1e-4, 0}, sample, turn);
  return (1 - kGroundSunPart) * sky_light + kGroundSunPart * sun_light;
}

/// The share of the sun's disc that a point sees, by a few of its points.
double SoftLight::sun_share(const Vec3d& point, int sample, double turn) const {
  constexpr double golden_angle = 2.399963229728653;
  int lit = 0;
  for (int i = 0; i < kSunRays; ++i) {
    const double place = std::fmod((sample * kSunRays + i) * 0.6180339887498949 + turn, 1.0);
    const double radius = kSunRadius * std::sqrt(place);
    const double angle = (sample * kSunRays + i) * golden_angle + 2 * std::numbers::pi * turn;
    const Vec3d direction =
        sun_ + radius * std::cos(angle) * sun_u_ + radius * std::sin(angle) * sun_v_;
    lit += !blocked_(point, direction);
  }
  return double(lit) / kSunRays;
}

void SoftLight::light_ground(int n) {
  ground_side_ = 4 * n;
  ground_origin_ = {-1.5 * n, -1.5 * n};
  ground_sky_.resize(std::size_t(ground_side_) * std::size_t(ground_side_));
#pragma omp parallel for schedule(dynamic, 4)
  for (int i = 0; i < ground_side_; ++i) {
    for (int k = 0; k < ground_side_; ++k) {
      const Vec3d point{ground_origin_[0] + i, ground_height_ + 1e-4, ground_origin_[1] + k};
      ground_sky_[std::size_t(i) * std::size_t(ground_side_) + std::size_t(k)] =
          float(sky(point, {0, 1, 0}));
    }
  }
}

// An integer hash of the place.
double pixel_noise(int x, int y) {
  std::uint32_t h = std::uint32_t(x) * 0x8da6b343u ^ std::uint32_t(y) * 0xd8163841u;
  h = (h ^ h >> 16) * 0x7feb352du;
  h = (h ^ h >> 15) * 0x846ca68bu;
  return (h ^ h >> 16) / 4294967296.0;
}

}  // namespace voxgrad
