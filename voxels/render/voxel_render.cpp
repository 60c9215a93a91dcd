#include "voxels/render/voxel_render.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "tensor/error.h"
#include "voxels/image/srgb.h"
#include "voxels/mesh/vec3.h"
#include "voxels/render/voxel_ray.h"

namespace voxgrad {
namespace {

Vec3d from_angles(double azimuth, double elevation) {
  constexpr double radians = std::numbers::pi / 180;
  const double a = azimuth * radians, e = elevation * radians;
  return {std::cos(e) * std::sin(a), std::sin(e), std::cos(e) * std::cos(a)};
}

// Light is summed in linear RGB.
Vec3d to_linear(const Color& color) {
  Vec3d result;
  for (int i = 0; i < 3; ++i) result[i] = linear_from_srgb(color[i] / 255.0);
  return result;
}

/// Perspective camera whose frame just holds the cube [0, n]^3.
class Camera {
 public:
  Camera(int n, const PictureOptions& options) : width_(options.width), height_(options.height) {
    constexpr double distance_in_cubes = 3.5, filled_share = 0.97;
    const Vec3d to_camera = from_angles(options.azimuth, options.elevation);
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

  /// Through a point of the picture, in pixels from its upper left corner.
  Ray ray(double x, double y) const {
    const double u = middle_[0] + (x - width_ / 2.0) * pixel_;
    const double v = middle_[1] - (y - height_ / 2.0) * pixel_;
    return {position_, normalized(forward_ + u * right_ + v * up_)};
  }

 private:
  int width_, height_;
  Vec3d position_, forward_, right_, up_;
  std::array<double, 2> middle_;
  double pixel_;
};

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

/// Light that arrives at surfaces: a soft sun and a bright sky over a light ground at the foot of
/// the object. Sky light is computed at the corners of faces and of ground cells, and interpolated.
class Lighting {
 public:
  Lighting(const BlockScene& scene, const PictureOptions& options)
      : scene_(scene),
        ground_(scene.low()[1]),
        sky_directions_(sphere_directions(256)),
        sun_(from_angles(options.azimuth - 55, 56)),
        sun_u_(normalized(cross(sun_, {0, 1, 0}))),
        sun_v_(cross(sun_, sun_u_)) {
    light_faces();
    light_ground();
  }

  double ground_height() const { return ground_; }

  /// Light on a face at the place (u, v) in 0..1 along its two axes.
  double on_face(const VoxelHit& hit, const Vec3d& point, double u, double v, int sample,
                 double turn) const {
    const Vec3d normal = normal_of(hit.axis, hit.positive);
    const auto& sky = faces_[slot(hit.voxel, hit.axis, hit.positive)];
    const double sky_light =
        (1 - u) * ((1 - v) * sky[0] + v * sky[1]) + u * ((1 - v) * sky[2] + v * sky[3]);
    const double facing = dot(normal, sun_);
    const double sun_light =
        facing > 0 ? facing * sun_share(point + 1e-4 * normal, sample, turn) : 0;
    return kSkyStrength * sky_light + kSunStrength * sun_light;
  }

  /// Light on the ground, 1 far from the object.
  double on_ground(const Vec3d& point, int sample, double turn) const {
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

 private:
  static constexpr double kSkyStrength = 0.52, kSunStrength = 0.8, kGroundSunPart = 0.35;
  static constexpr double kGroundBounce = 0.55, kBlockBounce = 0.14;  // light from below and beside
  static constexpr double kSunRadius = 0.07;
  static constexpr int kSunRays = 3;

  static Vec3d normal_of(int axis, bool positive) {
    Vec3d normal{0, 0, 0};
    normal[axis] = positive ? 1 : -1;
    return normal;
  }

  std::size_t slot(const std::array<int, 3>& v, int axis, bool positive) const {
    const auto n = std::size_t(scene_.resolution());
    const std::size_t voxel = (std::size_t(v[0]) * n + std::size_t(v[1])) * n + std::size_t(v[2]);
    return std::size_t(first_face_[voxel]) + std::size_t(2 * axis + positive);
  }

  /// The share of the sky's light that reaches a point of a surface.
  double sky_at(const Vec3d& point, const Vec3d& normal) const {
    double light = 0, whole = 0;
    for (const Vec3d& direction : sky_directions_) {
      const double facing = dot(direction, normal);
      if (facing <= 0) continue;
      whole += facing;
      const bool blocked = scene_.trace({point, direction}).has_value();
      light += facing * (blocked ? kBlockBounce : direction[1] < 0 ? kGroundBounce : 1.0);
    }
    return light / whole;
  }

  /// The share of the sun's disc that a point sees, by a few of its points.
  double sun_share(const Vec3d& point, int sample, double turn) const {
    constexpr double golden_angle = 2.399963229728653;
    int lit = 0;
    for (int i = 0; i < kSunRays; ++i) {
      const double place = std::fmod((sample * kSunRays + i) * 0.6180339887498949 + turn, 1.0);
      const double radius = kSunRadius * std::sqrt(place);
      const double angle = (sample * kSunRays + i) * golden_angle + 2 * std::numbers::pi * turn;
      const Vec3d direction =
          sun_ + radius * std::cos(angle) * sun_u_ + radius * std::sin(angle) * sun_v_;
      lit += !scene_.trace({point, direction});
    }
    return double(lit) / kSunRays;
  }

  void light_faces() {
    const int n = scene_.resolution();
    first_face_.assign(std::size_t(n) * std::size_t(n) * std::size_t(n), 0);
    std::vector<std::array<int, 3>> voxels;
    for (int x = 0; x < n; ++x) {
      for (int y = 0; y < n; ++y) {
        for (int z = 0; z < n; ++z) {
          if (!scene_.occupied({x, y, z})) continue;
          const auto at = (std::size_t(x) * std::size_t(n) + std::size_t(y)) * std::size_t(n);
          first_face_[at + std::size_t(z)] = std::uint32_t(6 * voxels.size());
          voxels.push_back({x, y, z});
        }
      }
    }
    faces_.resize(6 * voxels.size());
#pragma omp parallel for schedule(dynamic, 64)
    for (std::size_t i = 0; i < voxels.size(); ++i) light_faces_of(voxels[i]);
  }

  void light_faces_of(const std::array<int, 3>& voxel) {
    constexpr double inset = 0.04;  // keeps corner points off the planes between voxels
    for (int axis = 0; axis < 3; ++axis) {
      for (const bool positive : {false, true}) {
        auto neighbour = voxel;
        neighbour[axis] += positive ? 1 : -1;
        if (scene_.occupied(neighbour)) continue;
        const Vec3d normal = normal_of(axis, positive);
        for (int corner = 0; corner < 4; ++corner) {
          Vec3d point{double(voxel[0]), double(voxel[1]), double(voxel[2])};
          point[axis] += positive ? 1 + 1e-4 : -1e-4;
          point[(axis + 1) % 3] += corner >> 1 ? 1 - inset : inset;
          point[(axis + 2) % 3] += corner & 1 ? 1 - inset : inset;
          faces_[slot(voxel, axis, positive)][corner] = float(sky_at(point, normal));
        }
      }
    }
  }

  void light_ground() {
    const int n = scene_.resolution();
    ground_side_ = 4 * n;
    ground_origin_ = {-1.5 * n, -1.5 * n};
    ground_sky_.resize(std::size_t(ground_side_) * std::size_t(ground_side_));
#pragma omp parallel for schedule(dynamic, 4)
    for (int i = 0; i < ground_side_; ++i) {
      for (int k = 0; k < ground_side_; ++k) {
        const Vec3d point{ground_origin_[0] + i, ground_ + 1e-4, ground_origin_[1] + k};
        ground_sky_[std::size_t(i) * std::size_t(ground_side_) + std::size_t(k)] =
            float(sky_at(point, {0, 1, 0}));
      }
    }
  }

  const BlockScene& scene_;
  double ground_;
  std::vector<Vec3d> sky_directions_;
  Vec3d sun_, sun_u_, sun_v_;
  std::vector<std::uint32_t> first_face_;    // by voxel: where its six faces start
  std::vector<std::array<float, 4>> faces_;  // sky light at the corners (u, v): 00, 01, 10, 11
  int ground_side_ = 0;
  std::array<double, 2> ground_origin_;
  std::vector<float> ground_sky_;
};

/// A number in 0..1 that looks random from pixel to pixel (integer hash of the place).
double pixel_noise(int x, int y) {
  std::uint32_t h = std::uint32_t(x) * 0x8da6b343u ^ std::uint32_t(y) * 0xd8163841u;
  h = (h ^ h >> 16) * 0x7feb352du;
  h = (h ^ h >> 15) * 0x846ca68bu;
  return (h ^ h >> 16) / 4294967296.0;
}

class Painter {
 public:
  Painter(const BlockScene& scene, const PictureOptions& options)
      : scene_(scene),
        camera_(scene.resolution(), options),
        lighting_(scene, options),
        samples_(options.samples),
        block_(to_linear(options.color)),
        background_(to_linear(options.background)) {}

  void paint_pixel(int x, int y, std::uint8_t* pixel) const {
    const double turn = pixel_noise(x, y);
    Vec3d sum{0, 0, 0};
    for (int sample = 0; sample < samples_ * samples_; ++sample) {
      const int column = sample % samples_, row = sample / samples_;
      const double dx = (column + 0.5) / samples_, dy = (row + 0.5) / samples_;
      sum = sum + color_of(camera_.ray(x + dx, y + dy), sample, turn);
    }
    for (int i = 0; i < 3; ++i) pixel[i] = srgb_byte(sum[i] / (samples_ * samples_));
  }

 private:
  Vec3d color_of(const Ray& ray, int sample, double turn) const {
    constexpr double line_width = 0.035, line_shade = 0.62;
    if (const auto hit = scene_.trace(ray)) {
      const Vec3d point = ray.origin + hit->distance * ray.direction;
      const int axis_u = (hit->axis + 1) % 3, axis_v = (hit->axis + 2) % 3;
      const double u = std::clamp(point[axis_u] - hit->voxel[axis_u], 0.0, 1.0);
      const double v = std::clamp(point[axis_v] - hit->voxel[axis_v], 0.0, 1.0);
      const bool on_line = std::min({u, 1 - u, v, 1 - v}) < line_width;
      const double light = lighting_.on_face(*hit, point, u, v, sample, turn);
      return (on_line ? line_shade * light : light) * block_;
    }
    if (ray.direction[1] >= 0) return background_;
    const double distance = (lighting_.ground_height() - ray.origin[1]) / ray.direction[1];
    if (distance <= 0) return background_;
    const Vec3d point = ray.origin + distance * ray.direction;
    return lighting_.on_ground(point, sample, turn) * background_;
  }

  const BlockScene& scene_;
  Camera camera_;
  Lighting lighting_;
  int samples_;
  Vec3d block_, background_;
};

}  // namespace

Image draw_voxels(const VoxelGrid& grid, const PictureOptions& options) {
  constexpr int max_side = 8192;
  check(options.width >= 1 && options.width <= max_side && options.height >= 1 &&
            options.height <= max_side,
        "[draw_voxels] picture of ", options.width, "x", options.height, ": sides must be in 1..",
        max_side);
  check(options.samples >= 1 && options.samples <= 16, "[draw_voxels] ", options.samples,
        " samples are not in 1..16");
  check(std::abs(options.elevation) <= 80, "[draw_voxels] elevation ", options.elevation,
        " is not in -80..80");
  check(grid.n >= 1, "[draw_voxels] the grid has no voxels");
  Image image(options.width, options.height, 3);
  const BlockScene scene(grid, options.threshold);
  if (scene.empty()) {
    for (int y = 0; y < image.height; ++y) {
      for (int x = 0; x < image.width; ++x) {
        std::copy_n(options.background.begin(), 3, image.at(x, y));
      }
    }
    return image;
  }
  const Painter painter(scene, options);
#pragma omp parallel for schedule(dynamic, 4)
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) painter.paint_pixel(x, y, image.at(x, y));
  }
  return image;
}

}  // namespace voxgrad
