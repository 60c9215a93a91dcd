// What the readers of mesh files share: polygons with vertex or face colours become triangles.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "voxels/mesh/mesh.h"
#include "voxels/mesh/polygon.h"

namespace voxgrad {

/// sRGB, 0..1.
using MeshColor = std::array<float, 3>;

class FaceBuilder {
 public:
  /// `name` of the file stands in messages; `plain` is the colour of faces that have none.
  FaceBuilder(const std::string& name, const MeshColor& plain)
      : name_(name), plain_(plain), cutter_(name) {}

  void add_vertex(const Vec3& place) { mesh_.vertices.push_back(place); }
  void add_vertex(const Vec3& place, const MeshColor& color);
  std::size_t vertex_count() const { return mesh_.vertices.size(); }

  /// Cuts the polygon into triangles. Their colour is `color`, else the mean of their vertices' (a
  /// vertex that has none counts as plain). The caller has checked the indices. Error for more than
  /// max_mesh_triangles triangles.
  void add_face(std::span<const std::uint32_t> corners, const std::optional<MeshColor>& color = {});

  /// Error if there is no triangle.
  Mesh take();

 private:
  MeshColor mean_color(const PolygonCutter::Triangle& triangle) const;

  std::string name_;
  MeshColor plain_;
  PolygonCutter cutter_;
  std::vector<MeshColor> vertex_colors_;  // empty, or one per vertex up to the last coloured one
  Mesh mesh_;
};

}  // namespace voxgrad
