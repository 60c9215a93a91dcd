#include "voxels/render/mesh_picture.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "tensor/error.h"
#include "voxels/image/srgb.h"
#include "voxels/mesh/corner_normals.h"
#include "voxels/mesh/vec3.h"
#include "voxels/render/embree_scene.h"
#include "voxels/render/picture_camera.h"
#include "voxels/render/soft_light.h"

namespace voxgrad {
namespace {

Vec3f to_float(const Vec3d& v) {
  return {float(v[0]), float(v[1]), float(v[2])};
}
Vec3d to_double(const Vec3f& v) {
  return {v[0], v[1], v[2]};
}

std::vector<Vec3f> in_voxels(const Mesh& mesh, const VoxelGrid& frame) {
  std::vector<Vec3f> result;
  for (const Vec3& v : mesh.vertices)
    result.push_back(to_float(frame.n / frame.scale * (v - frame.translate)));
  return result;
}

/// Rays one by one, in a packet of which one is active.
RayScene::Rays single(const Vec3d& origin, const Vec3d& direction) {
  RayScene::Rays rays{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::fill_n(rays.origin[axis], RayScene::packet_size, float(origin[axis]));
    std::fill_n(rays.direction[axis], RayScene::packet_size, float(direction[axis]));
  }
  rays.active[0] = -1;
  return rays;
}

class ShadedMesh {
 public:
  ShadedMesh(const Mesh& mesh, const VoxelGrid& frame, const PictureOptions& options)
      : mesh_(mesh),
        vertices_(in_voxels(mesh, frame)),
        scene_(vertices_, mesh.triangles),
        normals_(corner_normals(vertices_, mesh.triangles)),
        light_([this](const Vec3d& point,
                      const Vec3d& direction) { return blocked(point, direction); },
               frame.n, lowest(), options.azimuth),
        colors_(options) {
    light_corners();
  }

  Seen look(const Ray& ray, int sample, double turn) const {
    RayScene::Hits hits;
    scene_.nearest(single(ray.origin, ray.direction), hits);
    if (hits.triangle[0] == RayScene::no_triangle) {
      if (ray.direction[1] >= 0) return colors_.background();
      const double distance = (light_.ground_height() - ray.origin[1]) / ray.direction[1];
      if (distance <= 0) return colors_.background();
      return colors_.ground(light_.ground(ray.origin + distance * ray.direction, sample, turn));
    }
    const std::size_t t = hits.triangle[0];
    const double u = hits.u[0], v = hits.v[0], w = 1 - u - v;
    Vec3d normal = normalized(w * to_double(normals_[t][0]) + u * to_double(normals_[t][1]) +
                              v * to_double(normals_[t][2]));
    if (dot(normal, ray.direction) > 0) normal = -1.0 * normal;
    const double sky = w * sky_[t][0] + u * sky_[t][1] + v * sky_[t][2];
    const Vec3d point = ray.origin + double(hits.distance[0]) * ray.direction + kLift * normal;
    return {.light = light_.surface(sky, point, normal, sample, turn) * color_at(t, {w, u, v})};
  }

  /// The sun follows the camera.
  void follow(double camera_azimuth) { light_.follow(camera_azimuth); }

 private:
  static constexpr double kLift = 0.02;  // above the surface, so that it does not shade itself

  double lowest() const {
    float low = vertices_.front()[1];
    for (const Vec3f& v : vertices_) low = std::min(low, v[1]);
    return double(low);
  }

  bool blocked(const Vec3d& point, const Vec3d& direction) const {
    std::array<bool, RayScene::packet_size> found;
    scene_.occluded(single(point, direction), found);
    return found[0];
  }

  void light_corners() {
    sky_.resize(mesh_.triangles.size());
#pragma omp parallel for schedule(dynamic, 64)
    for (std::size_t t = 0; t < sky_.size(); ++t) {
      const auto& corners = mesh_.triangles[t];
      const Vec3d middle = 1.0 / 3 *
                           (to_double(vertices_[corners[0]]) + to_double(vertices_[corners[1]]) +
                            to_double(vertices_[corners[2]]));
      for (std::size_t k = 0; k < 3; ++k) {
        const Vec3d normal = to_double(normals_[t][k]);
        // A little towards the middle: off the neighbours' planes.
        const Vec3d corner = to_double(vertices_[corners[k]]);
        sky_[t][k] = float(light_.sky(corner + 0.05 * (middle - corner) + kLift * normal, normal));
      }
    }
  }

  Vec3d color_at(std::size_t t, const Vec3d& weights) const {
    if (mesh_.vertex_colors.empty()) return colors_.object();
    Vec3d color{0, 0, 0};
    for (std::size_t k = 0; k < 3; ++k)
      for (std::size_t c = 0; c < 3; ++c)
        color[c] +=
            weights[k] * linear_from_srgb(double(mesh_.vertex_colors[mesh_.triangles[t][k]][c]));
    return color;
  }

  const Mesh& mesh_;
  std::vector<Vec3f> vertices_;
  RayScene scene_;
  std::vector<std::array<Vec3f, 3>> normals_;
  SoftLight light_;
  PictureColors colors_;
  std::vector<std::array<float, 3>> sky_;  // by triangle and corner
};

}  // namespace

Image draw_mesh(const Mesh& mesh, const VoxelGrid& frame, const PictureOptions& options) {
  return std::move(draw_mesh(mesh, frame, options, std::array{options.azimuth}).front());
}

std::vector<Image> draw_mesh(const Mesh& mesh, const VoxelGrid& frame,
                             const PictureOptions& options, std::span<const double> azimuths) {
  check_picture(options);
  check(frame.n >= 1 && frame.scale > 0, "[draw_mesh] the frame has no extent");
  if (mesh.triangles.empty()) return {azimuths.size(), empty_picture(options)};
  ShadedMesh shaded(mesh, frame, options);
  const auto look = [&](const Ray& ray, int sample, double turn) {
    return shaded.look(ray, sample, turn);
  };
  std::vector<Image> pictures;
  PictureOptions view = options;
  for (const double azimuth : azimuths) {
    view.azimuth = azimuth;
    shaded.follow(azimuth);
    pictures.push_back(paint(PictureCamera(frame.n, view), view, look));
  }
  return pictures;
}

}  // namespace voxgrad
