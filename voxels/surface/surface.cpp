#include "voxels/surface/surface.h"

#include <cmath>

#include "tensor/error.h"
#include "voxels/mesh/vec3.h"
#include "voxels/surface/block_surface.h"
#include "voxels/surface/components.h"
#include "voxels/surface/decimation.h"
#include "voxels/surface/marching_cubes.h"
#include "voxels/surface/mesh_report.h"
#include "voxels/surface/smoothing.h"

namespace voxgrad {
namespace {

/// Smoothing moves vertices; should two of them meet in float32, fewer steps are taken.
void smooth_safely(Mesh& mesh, int steps, std::vector<std::string>& notes) {
  constexpr MeshReportOptions edges_only{.thickness = false};
  for (int now = steps; now > 0; now /= 2) {
    Mesh result = mesh;
    smooth(result, {.steps = now});
    if (!report_on(result, edges_only).sound()) continue;
    if (now < steps) notes.push_back(concat("smoothed by ", now, " steps: more would fold it"));
    mesh = std::move(result);
    return;
  }
}

}  // namespace

SurfaceKind surface_kind_from(const std::string& name) {
  if (name == "blocks") return SurfaceKind::blocks;
  check<ConfigError>(name == "smooth", "unknown surface '", name, "': use blocks or smooth");
  return SurfaceKind::smooth;
}

Surface make_surface(const VoxelGrid& grid, const SurfaceOptions& options) {
  const VoxelGrid parts = options.components > 0
                              ? keep_largest_components(grid, options.threshold, options.components)
                              : grid;
  Surface result;
  if (options.kind == SurfaceKind::blocks) {
    result.mesh = block_surface(parts, options.threshold);
  } else {
    result.mesh = marching_cubes(parts, {.threshold = options.threshold});
    smooth_safely(result.mesh, options.smoothing, result.notes);
  }
  if (options.keep_triangles < 1) {
    DecimationResult fewer = decimated(result.mesh, options.keep_triangles);
    if (!fewer.reached)
      result.notes.push_back(concat("decimated to ", fewer.mesh.triangles.size(), " of ",
                                    result.mesh.triangles.size(),
                                    " triangles: fewer would not be a closed manifold"));
    result.mesh = std::move(fewer.mesh);
  }
  return result;
}

Placement placement_for(const std::string& format, std::optional<double> size_mm,
                        const std::optional<std::string>& up) {
  constexpr double stl_size_mm = 100;
  const bool stl = format.ends_with("stl"), glb = format.ends_with("glb");
  check<ConfigError>(!size_mm || (*size_mm > 0 && std::isfinite(*size_mm)), "a size of ",
                     size_mm.value_or(0), " mm: it must be above 0");
  check<ConfigError>(!up || *up == "y" || *up == "z", "unknown direction '", up.value_or(""),
                     "': up is y or z");
  Placement placement;
  placement.size_mm = size_mm.value_or(stl ? stl_size_mm : 0);
  placement.z_up = !glb && (up ? *up == "z" : stl);
  placement.units_per_mm = glb ? 0.001 : 1;
  return placement;
}

Mesh placed(Mesh mesh, const Placement& placement) {
  if (mesh.triangles.empty()) return mesh;
  if (placement.size_mm > 0) {
    const Mesh::Bounds box = mesh.bounds();
    const double factor = placement.size_mm * placement.units_per_mm / box.longest_side();
    Vec3 origin = 0.5 * (box.low + box.high);
    if (placement.on_plate) origin[1] = box.low[1];
    for (Vec3& v : mesh.vertices) v = factor * (v - origin);
  }
  if (placement.z_up)
    for (Vec3& v : mesh.vertices) v = {v[0], -v[2], v[1]};
  return mesh;
}

}  // namespace voxgrad
