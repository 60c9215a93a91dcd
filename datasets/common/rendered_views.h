// Pictures of meshes like 3D-R2N2's: the cameras, and renderings made when they are asked for.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "tensor/rng.h"
#include "voxels/render/mesh_render.h"

namespace voxgrad {

/// FNV-1a: so that what is drawn for an object depends on its name and not on its place in a list.
std::uint64_t hash_of_name(const std::string& text);

struct CameraRanges {
  std::array<double, 2> elevation{25, 30};  // degrees
  /// 1: the nearest from which the object, in a picture of 137 pixels, keeps inside the central
  /// 128.
  std::array<double, 2> distance{1, 1.2};
};
/// Any azimuth.
std::vector<Camera> draw_cameras(const MeshRenderer& renderer, Rng& rng, int count,
                                 const CameraRanges& ranges = {});

/// Where such a camera sees the cube around the object's box.
GridCamera grid_camera(const Camera& camera);

/// Renders views of meshes on demand. The few meshes used last are kept, so that all views of an
/// object are made from one. Safe from several threads.
class RenderedViews {
 public:
  RenderedViews(int views, int picture_size) : views_(views), picture_size_(picture_size) {}

  int count() const { return views_; }
  /// `load` gives the mesh, y up; `name` is what the cameras are drawn for.
  Image picture(const std::string& name, const std::function<Mesh()>& load, int view) const;
  GridCamera camera(const std::string& name, const std::function<Mesh()>& load, int view) const;

 private:
  struct Scene;
  std::shared_ptr<const Scene> scene(const std::string& name,
                                     const std::function<Mesh()>& load) const;

  int views_, picture_size_;
  mutable std::mutex mutex_;
  mutable std::list<std::pair<std::string, std::shared_ptr<const Scene>>> recent_;  // newest first
};

}  // namespace voxgrad
