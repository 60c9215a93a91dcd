#include "voxels/render/mesh_render.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "tensor/error.h"
#include "voxels/image/srgb.h"
#include "voxels/mesh/corner_normals.h"
#include "voxels/mesh/vec3.h"
#include "voxels/render/embree_scene.h"

namespace voxgrad {
namespace {

constexpr int rays_per_side = 4;  // of the square of rays in a pixel
static_assert(rays_per_side * rays_per_side == RayScene::packet_size);

// Of the rays that look for what shuts the ambient light out, in longest sides.
constexpr float occlusion_reach = 0.35f, clearance = 2e-3f;

// The camera's place and axes in the scene, where the object is centred and its longest side is 1.
struct CameraFrame {
  Vec3f eye, right, up, back;
  float tangent;    // of half the field of view
  Vec3f key, fill;  // the lights

  explicit CameraFrame(const Camera& camera, const Lighting& lighting = {}) {
    constexpr double degree = std::numbers::pi / 180;
    const double azimuth = camera.azimuth * degree, elevation = camera.elevation * degree;
    const double sin_a = std::sin(azimuth), cos_a = std::cos(azimuth);
    const double sin_e = std::sin(elevation), cos_e = std::cos(elevation);
    back = {float(cos_e * sin_a), float(sin_e), float(cos_e * cos_a)};
    right = {float(cos_a), 0, float(-sin_a)};
    up = {float(-sin_e * sin_a), float(cos_e), float(-sin_e * cos_a)};
    eye = float(camera.distance) * back;
    tangent = float(std::tan(camera.field_of_view * degree / 2));
    key = to_scene(normalized(lighting.key));
    fill = to_scene(normalized(lighting.fill));
  }

  Vec3f to_scene(const Vec3f& v) const { return v[0] * right + v[1] * up + v[2] * back; }
};

void check_field_of_view(const Camera& camera) {
  check(camera.field_of_view >= 1 && camera.field_of_view <= 120, "[render] field of view ",
        camera.field_of_view, " is not in 1..120 degrees");
}

// Sixteen directions of the upper half sphere, more of them near the pole (density ~ cosine): one
// in each cell of a 4x4 division of the unit square.
std::array<Vec3f, RayScene::packet_size> hemisphere_directions() {
  std::array<Vec3f, RayScene::packet_size> directions;
  for (int i = 0; i < RayScene::packet_size; ++i) {
    // A permutation, so that neighbouring rays of a pixel do not look in neighbouring directions.
    const int cell = (i * 7 + 3) % RayScene::packet_size;
    const int ring = cell / rays_per_side, sector = cell % rays_per_side;
    const float radius2 = (float(ring) + 0.5f) / rays_per_side;
    const float angle =
        2 * std::numbers::pi_v<float> * (float(sector) + 0.25f * float(ring)) / rays_per_side;
    const float radius = std::sqrt(radius2);
    directions[i] = {radius * std::cos(angle), radius * std::sin(angle), std::sqrt(1 - radius2)};
  }
  return directions;
}

// A turn for each pixel, without visible pattern.
float pixel_turn(int x, int y) {
  std::uint32_t h = std::uint32_t(x) * 0x9e3779b1u ^ std::uint32_t(y) * 0x85ebca77u;
  h = (h ^ (h >> 15)) * 0x2c1b3c6du;
  return float((h ^ (h >> 13)) & 0xffffu) / 65536;
}

// v, given relative to a frame whose third axis is `normal`. The frame is that of Duff et al.,
// "Building an orthonormal basis, revisited", JCGT 6(1), 2017.
Vec3f around(const Vec3f& normal, const Vec3f& v) {
  const float sign = std::copysign(1.0f, normal[2]);
  const float a = -1 / (sign + normal[2]), b = normal[0] * normal[1] * a;
  const Vec3f first{1 + sign * normal[0] * normal[0] * a, sign * b, -sign * normal[0]};
  const Vec3f second{b, sign + normal[1] * normal[1] * a, -normal[1]};
  return v[0] * first + v[1] * second + v[2] * normal;
}

// x to the power of 16.
float gloss_curve(float x) {
  x *= x, x *= x, x *= x;
  return x * x;
}

// Pixels low <= (x, y) < high.
struct PixelBox {
  std::array<int, 2> low, high;
};

struct Surfel {
  Vec3f position, normal, to_viewer, color;
};

}  // namespace

struct MeshRenderer::Scene {
  std::vector<Vec3f> vertices;
  std::vector<std::array<std::uint32_t, 3>> triangles;
  std::vector<std::array<Vec3f, 3>> normals;
  std::vector<Vec3f> colors;  // linear
  std::unique_ptr<RayScene> rays;

  Surfel surfel(const RayScene::Rays& rays_cast, const RayScene::Hits& hits, int ray,
                const RenderStyle& style) const {
    const std::uint32_t triangle = hits.triangle[ray];
    const Vec3f direction{rays_cast.direction[0][ray], rays_cast.direction[1][ray],
                          rays_cast.direction[2][ray]};
    const Vec3f origin{rays_cast.origin[0][ray], rays_cast.origin[1][ray],
                       rays_cast.origin[2][ray]};
    const float v = hits.u[ray], w = hits.v[ray];
    const auto& corner = normals[triangle];
    Vec3f normal = normalized((1 - v - w) * corner[0] + v * corner[1] + w * corner[2]);
    const Vec3f to_viewer = normalized(-1.0f * direction);
    if (dot(normal, to_viewer) < 0) normal = -1.0f * normal;
    const Vec3f place = origin + hits.distance[ray] * direction;
    Vec3f color = colors[triangle];
    if (!style.pattern_of_triangle.empty())
      color = pattern_factor(style.patterns[style.pattern_of_triangle[triangle]], place) * color;
    return {place, normal, to_viewer, color};
  }

  static Vec3f shade(const Surfel& s, const CameraFrame& view, const Lighting& light, bool open) {
    const float towards_sky = 0.5f + 0.5f * s.normal[1];
    const float ambient =
        light.ground_strength + (light.sky_strength - light.ground_strength) * towards_sky;
    const float diffuse = light.key_strength * std::max(0.0f, dot(s.normal, view.key)) +
                          light.fill_strength * std::max(0.0f, dot(s.normal, view.fill)) +
                          ambient * (open ? 1.0f : 0.25f);
    const float halfway = std::max(0.0f, dot(s.normal, normalized(view.key + s.to_viewer)));
    const float gloss = light.gloss_strength * gloss_curve(halfway);
    return diffuse * s.color + Vec3f{gloss, gloss, gloss};
  }

  /// The pixels that the object may touch.
  PixelBox pixel_box(const CameraFrame& view, int size) const {
    PixelBox box{{size, size}, {0, 0}};
    for (const auto& triangle : triangles) {
      for (const std::uint32_t index : triangle) {
        const Vec3f v = vertices[index] - view.eye;
        const float depth = -dot(v, view.back) * view.tangent;
        const std::array<float, 2> place{dot(v, view.right) / depth, -dot(v, view.up) / depth};
        for (int axis = 0; axis < 2; ++axis) {
          const float pixel = std::clamp(0.5f * (place[axis] + 1), 0.0f, 1.0f) * float(size);
          box.low[axis] = std::min(box.low[axis], std::max(int(pixel) - 1, 0));
          box.high[axis] = std::max(box.high[axis], std::min(int(pixel) + 2, size));
        }
      }
    }
    return box;
  }

  void render_pixel(const CameraFrame& view, const RenderStyle& style, int x, int y, int size,
                    std::uint8_t* pixel) const;
};

void MeshRenderer::Scene::render_pixel(const CameraFrame& view, const RenderStyle& style, int x,
                                       int y, int size, std::uint8_t* pixel) const {
  RayScene::Rays cast;
  for (int i = 0; i < RayScene::packet_size; ++i) {
    const int column = i % rays_per_side, row = i / rays_per_side;
    const float px = float(x) + (float(column) + 0.5f) / rays_per_side;
    const float py = float(y) + (float(row) + 0.5f) / rays_per_side;
    const Vec3f direction = view.to_scene(
        {(2 * px / float(size) - 1) * view.tangent, (1 - 2 * py / float(size)) * view.tangent, -1});
    for (int axis = 0; axis < 3; ++axis) {
      cast.origin[axis][i] = view.eye[axis];
      cast.direction[axis][i] = direction[axis];
    }
    cast.active[i] = -1;
  }
  RayScene::Hits hits;
  rays->nearest(cast, hits);
  const auto covered =
      RayScene::packet_size -
      std::count(std::begin(hits.triangle), std::end(hits.triangle), RayScene::no_triangle);
  if (covered == 0) return;

  static const auto directions = hemisphere_directions();
  const float turn = 2 * std::numbers::pi_v<float> * pixel_turn(x, y);
  const float cosine = std::cos(turn), sine = std::sin(turn);
  RayScene::Rays outward{};
  outward.far = occlusion_reach;
  std::array<Surfel, RayScene::packet_size> surfels;
  for (int i = 0; i < RayScene::packet_size; ++i) {
    outward.active[i] = hits.triangle[i] == RayScene::no_triangle ? 0 : -1;
    if (!outward.active[i]) continue;
    surfels[i] = surfel(cast, hits, i, style);
    const Vec3f& d = directions[i];
    const Vec3f turned{cosine * d[0] - sine * d[1], sine * d[0] + cosine * d[1], d[2]};
    const Vec3f direction = around(surfels[i].normal, turned);
    const Vec3f origin = surfels[i].position + clearance * surfels[i].normal;
    for (int axis = 0; axis < 3; ++axis) {
      outward.origin[axis][i] = origin[axis];
      outward.direction[axis][i] = direction[axis];
    }
  }
  std::array<bool, RayScene::packet_size> blocked;
  rays->occluded(outward, blocked);
  Vec3f sum{};
  for (int i = 0; i < RayScene::packet_size; ++i) {
    if (outward.active[i]) sum = sum + shade(surfels[i], view, style.lighting, !blocked[i]);
  }
  for (int c = 0; c < 3; ++c) pixel[c] = srgb_byte(sum[c] / float(covered));
  pixel[3] = std::uint8_t(std::lround(255.0 * covered / RayScene::packet_size));
}

MeshRenderer::MeshRenderer(const Mesh& mesh) : scene_(std::make_unique<Scene>()) {
  const Mesh::Bounds bounds = mesh.bounds();
  const double longest = bounds.longest_side();
  check(std::isfinite(longest) && longest > 0, "[render] the mesh has no extent");
  for (const Vec3& vertex : mesh.vertices) {
    Vec3f moved;
    for (int axis = 0; axis < 3; ++axis) {
      moved[axis] = float((vertex[axis] - (bounds.low[axis] + bounds.high[axis]) / 2) / longest);
    }
    scene_->vertices.push_back(moved);
  }
  scene_->triangles = mesh.triangles;
  scene_->normals = corner_normals(scene_->vertices, scene_->triangles);
  scene_->colors.assign(mesh.triangles.size(), {0.5f, 0.5f, 0.5f});
  for (std::size_t i = 0; i < mesh.colors.size(); ++i) {
    for (int c = 0; c < 3; ++c) scene_->colors[i][c] = linear_from_srgb(mesh.colors[i][c]);
  }
  scene_->rays = std::make_unique<RayScene>(scene_->vertices, scene_->triangles);
}

MeshRenderer::~MeshRenderer() = default;

double MeshRenderer::fitting_distance(const Camera& camera, double share) const {
  check_field_of_view(camera);
  check(share > 0 && share <= 1, "[render] share ", share, " is not in 0..1");
  const CameraFrame view(camera);
  const double tangent = view.tangent * share;
  double distance = 0;
  for (const auto& triangle : scene_->triangles) {
    for (const std::uint32_t index : triangle) {
      const Vec3f& v = scene_->vertices[index];
      const double across = std::abs(dot(v, view.right)), over = std::abs(dot(v, view.up));
      distance = std::max(distance, std::max(across, over) / tangent + double(dot(v, view.back)));
    }
  }
  return distance;
}

Image MeshRenderer::render(const Camera& camera, int size, const RenderStyle& style) const {
  check(size >= 1 && size <= 4096, "[render] size ", size, " is not in 1..4096");
  check_field_of_view(camera);
  check(std::isfinite(camera.azimuth) && std::isfinite(camera.elevation) && camera.distance > 0.9,
        "[render] the camera at distance ", camera.distance,
        " may be inside the object; keep it over 0.9");
  check(style.pattern_of_triangle.empty() ||
            style.pattern_of_triangle.size() == scene_->triangles.size(),
        "[render] patterns for ", style.pattern_of_triangle.size(), " triangles, the mesh has ",
        scene_->triangles.size());
  const CameraFrame view(camera, style.lighting);
  const PixelBox box = scene_->pixel_box(view, size);
  Image image(size, size, 4);
#pragma omp parallel for schedule(dynamic, 4)
  for (int y = box.low[1]; y < box.high[1]; ++y) {
    for (int x = box.low[0]; x < box.high[0]; ++x) {
      scene_->render_pixel(view, style, x, y, size, image.at(x, y));
    }
  }
  return image;
}

}  // namespace voxgrad
