#include "voxels/surface/decimation.h"

#include <meshoptimizer.h>

#include <limits>

#include "tensor/error.h"
#include "voxels/surface/mesh_report.h"

namespace voxgrad {
namespace {

/// Without vertices that no triangle uses.
Mesh compacted(const Mesh& mesh, const std::vector<std::uint32_t>& indices) {
  constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  Mesh result;
  result.notes = mesh.notes;
  std::vector<std::uint32_t> name(mesh.vertices.size(), none);
  const auto take = [&](std::uint32_t v) {
    if (name[v] == none) {
      name[v] = std::uint32_t(result.vertices.size());
      result.vertices.push_back(mesh.vertices[v]);
      if (!mesh.vertex_colors.empty()) result.vertex_colors.push_back(mesh.vertex_colors[v]);
    }
    return name[v];
  };
  for (std::size_t i = 0; i + 2 < indices.size(); i += 3) {
    const std::uint32_t a = take(indices[i]), b = take(indices[i + 1]), c = take(indices[i + 2]);
    result.triangles.push_back({a, b, c});
  }
  return result;
}

Mesh simplified(const Mesh& mesh, double share) {
  std::vector<std::uint32_t> indices, result;
  for (const auto& t : mesh.triangles) indices.insert(indices.end(), t.begin(), t.end());
  std::vector<float> positions;
  for (const Vec3& v : mesh.vertices)
    for (const double value : v) positions.push_back(float(value));
  result.resize(indices.size());
  const auto target = std::size_t(share * double(mesh.triangles.size())) * 3;
  constexpr float any_error = 1;  // the number of triangles is what was asked for
  result.resize(meshopt_simplify(result.data(), indices.data(), indices.size(), positions.data(),
                                 mesh.vertices.size(), 3 * sizeof(float), target, any_error, 0,
                                 nullptr));
  return compacted(mesh, result);
}

/// As good as before: no new faults, and no part vanished.
bool as_sound(const MeshReport& now, const MeshReport& before) {
  return now.boundary_edges <= before.boundary_edges &&
         now.nonmanifold_edges <= before.nonmanifold_edges &&
         now.flipped_edges <= before.flipped_edges &&
         now.degenerate_triangles <= before.degenerate_triangles &&
         now.components == before.components && now.cavities == before.cavities;
}

}  // namespace

DecimationResult decimated(const Mesh& mesh, double share) {
  check(share > 0 && share <= 1, "[decimated] cannot keep ", share,
        " of the triangles: a share above 0, at most 1");
  if (share == 1 || mesh.triangles.empty()) return {mesh, true};
  constexpr MeshReportOptions edges_only{.thickness = false};
  const MeshReport before = report_on(mesh, edges_only);
  for (double attempt = share; attempt < 1; attempt = attempt < 0.95 ? (attempt + 1) / 2 : 1) {
    Mesh result = simplified(mesh, attempt);
    if (as_sound(report_on(result, edges_only), before))
      return {std::move(result), attempt == share};
  }
  return {mesh, false};
}

}  // namespace voxgrad
