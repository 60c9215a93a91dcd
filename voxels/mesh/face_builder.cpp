#include "voxels/mesh/face_builder.h"

#include "tensor/error.h"
#include "voxels/mesh/mesh_reader.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {

void FaceBuilder::add_vertex(const Vec3& place, const MeshColor& color) {
  vertex_colors_.resize(mesh_.vertices.size(), plain_);
  vertex_colors_.push_back(color);
  mesh_.vertices.push_back(place);
}

void FaceBuilder::add_face(std::span<const std::uint32_t> corners,
                           const std::optional<MeshColor>& color) {
  check(mesh_.triangles.size() + corners.size() <= max_mesh_triangles + 2, "[read mesh] ", name_,
        ": more than ", max_mesh_triangles, " triangles");
  for (const PolygonCutter::Triangle& triangle : cutter_.cut(mesh_.vertices, corners)) {
    mesh_.triangles.push_back(triangle);
    mesh_.colors.push_back(color ? *color : mean_color(triangle));
  }
}

MeshColor FaceBuilder::mean_color(const PolygonCutter::Triangle& triangle) const {
  if (vertex_colors_.empty()) return plain_;
  MeshColor sum{};
  for (const std::uint32_t vertex : triangle) {
    sum = sum + (vertex < vertex_colors_.size() ? vertex_colors_[vertex] : plain_);
  }
  return 1 / 3.0f * sum;
}

Mesh FaceBuilder::take() {
  check(!mesh_.triangles.empty(), "[read mesh] ", name_, ": no face");
  return std::move(mesh_);
}

}  // namespace voxgrad
