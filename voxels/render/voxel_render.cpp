#include "voxels/render/voxel_render.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "tensor/error.h"
#include "voxels/mesh/vec3.h"
#include "voxels/render/picture_camera.h"
#include "voxels/render/soft_light.h"
#include "voxels/render/voxel_ray.h"

namespace voxgrad {
namespace {

/// Light on the faces of voxels. That of the sky is computed at their corners, and interpolated.
class FaceLight {
 public:
  FaceLight(const BlockScene& scene, const SoftLight& light) : scene_(scene), light_(light) {
    light_faces();
  }

  /// At the place (u, v) in 0..1 along a face's two axes.
  double at(const VoxelHit& hit, const Vec3d& point, double u, double v, int sample,
            double turn) const {
    const Vec3d normal = normal_of(hit.axis, hit.positive);
    const auto& sky = faces_[slot(hit.voxel, hit.axis, hit.positive)];
    const double sky_light =
        (1 - u) * ((1 - v) * sky[0] + v * sky[1]) + u * ((1 - v) * sky[2] + v * sky[3]);
    return light_.surface(sky_light, point + 1e-4 * normal, normal, sample, turn);
  }

 private:
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
          faces_[slot(voxel, axis, positive)][corner] = float(light_.sky(point, normal));
        }
      }
    }
  }

  const BlockScene& scene_;
  const SoftLight& light_;
  std::vector<std::uint32_t> first_face_;    // by voxel: where its six faces start
  std::vector<std::array<float, 4>> faces_;  // sky light at the corners (u, v): 00, 01, 10, 11
};

}  // namespace

Image draw_voxels(const VoxelGrid& grid, const PictureOptions& options) {
  return std::move(draw_voxels(grid, options, std::array{options.azimuth}).front());
}

std::vector<Image> draw_voxels(const VoxelGrid& grid, const PictureOptions& options,
                               std::span<const double> azimuths) {
  check_picture(options);
  check(grid.n >= 1, "[draw_voxels] the grid has no voxels");
  const BlockScene scene(grid, options.threshold);
  if (scene.empty()) return {azimuths.size(), empty_picture(options)};
  SoftLight light(
      [&](const Vec3d& point, const Vec3d& direction) {
        return scene.trace({point, direction}).has_value();
      },
      grid.n, scene.low()[1], options.azimuth);
  const FaceLight faces(scene, light);
  const PictureColors colors(options);
  const auto look = [&](const Ray& ray, int sample, double turn) -> Seen {
    constexpr double line_width = 0.035, line_shade = 0.62;
    if (const auto hit = scene.trace(ray)) {
      const Vec3d point = ray.origin + hit->distance * ray.direction;
      const int axis_u = (hit->axis + 1) % 3, axis_v = (hit->axis + 2) % 3;
      const double u = std::clamp(point[axis_u] - hit->voxel[axis_u], 0.0, 1.0);
      const double v = std::clamp(point[axis_v] - hit->voxel[axis_v], 0.0, 1.0);
      const bool on_line = std::min({u, 1 - u, v, 1 - v}) < line_width;
      const double shade = faces.at(*hit, point, u, v, sample, turn);
      return {.light = (on_line ? line_shade * shade : shade) * colors.object()};
    }
    if (ray.direction[1] >= 0) return colors.background();
    const double distance = (light.ground_height() - ray.origin[1]) / ray.direction[1];
    if (distance <= 0) return colors.background();
    return colors.ground(light.ground(ray.origin + distance * ray.direction, sample, turn));
  };
  std::vector<Image> pictures;
  PictureOptions view = options;
  for (const double azimuth : azimuths) {
    view.azimuth = azimuth;
    light.follow(azimuth);
    pictures.push_back(paint(PictureCamera(grid.n, view), view, look));
  }
  return pictures;
}

}  // namespace voxgrad
