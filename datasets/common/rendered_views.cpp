#include "datasets/common/rendered_views.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tensor/error.h"

namespace voxgrad {
namespace {

// The network sees the central 128 of 137 pixels; the object keeps a pixel off its border.
constexpr double share_of_picture = 126.0 / 137.0;
constexpr double field_of_view = 25;
constexpr std::size_t kept_scenes = 16;

}  // namespace

std::uint64_t hash_of_name(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ std::uint8_t(c)) * 0x100000001b3u;
  return hash;
}

std::vector<Camera> draw_cameras(const MeshRenderer& renderer, Rng& rng, int count,
                                 const CameraRanges& ranges) {
  std::vector<Camera> cameras;
  for (int view = 0; view < count; ++view) {
    Camera camera;
    camera.azimuth = rng.uniform(0, 360);
    camera.elevation = rng.uniform(ranges.elevation[0], ranges.elevation[1]);
    camera.field_of_view = field_of_view;
    camera.distance = renderer.fitting_distance(camera, share_of_picture) *
                      rng.uniform(ranges.distance[0], ranges.distance[1]);
    cameras.push_back(camera);
  }
  return cameras;
}

GridCamera grid_camera(const Camera& camera) {
  constexpr double degree = std::numbers::pi / 180;
  const double sin_a = std::sin(camera.azimuth * degree), cos_a = std::cos(camera.azimuth * degree);
  const double sin_e = std::sin(camera.elevation * degree);
  const double cos_e = std::cos(camera.elevation * degree);
  const std::array<double, 3> back{cos_e * sin_a, sin_e, cos_e * cos_a}, right{cos_a, 0, -sin_a},
      up{-sin_e * sin_a, cos_e, -sin_e * cos_a};
  const double focal = 0.5 / std::tan(camera.field_of_view * degree / 2);
  GridCamera result;
  auto& m = result.matrix;
  // In front of the camera: distance - back . (p - middle).
  for (int i = 0; i < 3; ++i) {
    m[2][i] = -back[i];
    m[2][3] += back[i] / 2;
    m[0][i] = focal * right[i];
    m[0][3] -= focal * right[i] / 2;
    m[1][i] = -focal * up[i];
    m[1][3] += focal * up[i] / 2;
  }
  m[2][3] += camera.distance;
  for (int row = 0; row < 2; ++row)
    for (int i = 0; i < 4; ++i) m[row][i] += m[2][i] / 2;
  return result;
}

struct RenderedViews::Scene {
  MeshRenderer renderer;
  std::vector<Camera> cameras;

  Scene(const Mesh& mesh, const std::string& name, int views) : renderer(mesh) {
    Rng rng(0, {hash_of_name(name)});
    cameras = draw_cameras(renderer, rng, views);
  }
};

std::shared_ptr<const RenderedViews::Scene> RenderedViews::scene(
    const std::string& name, const std::function<Mesh()>& load) const {
  const auto find = [&] {
    return std::ranges::find_if(recent_, [&](const auto& entry) { return entry.first == name; });
  };
  {
    const std::lock_guard lock(mutex_);
    const auto found = find();
    if (found != recent_.end()) {
      recent_.splice(recent_.begin(), recent_, found);
      return found->second;
    }
  }
  auto made = std::make_shared<const Scene>(load(), name, views_);
  const std::lock_guard lock(mutex_);
  const auto found = find();  // another thread may have been faster
  if (found != recent_.end()) return found->second;
  recent_.emplace_front(name, made);
  if (recent_.size() > kept_scenes) recent_.pop_back();
  return made;
}

Image RenderedViews::picture(const std::string& name, const std::function<Mesh()>& load,
                             int view) const {
  check(view >= 0 && view < views_, "[dataset] view ", view, " of ", views_);
  const std::shared_ptr<const Scene> made = scene(name, load);
  return made->renderer.render(made->cameras[std::size_t(view)], picture_size_);
}

GridCamera RenderedViews::camera(const std::string& name, const std::function<Mesh()>& load,
                                 int view) const {
  check(view >= 0 && view < views_, "[dataset] view ", view, " of ", views_);
  return grid_camera(scene(name, load)->cameras[std::size_t(view)]);
}

}  // namespace voxgrad
