#include "voxels/voxelize/voxelize.h"

#include <cmath>

#include "tensor/error.h"
#include "voxels/mesh/vec3.h"
#include "voxels/render/embree_scene.h"
#include "voxels/voxelize/interior.h"
#include "voxels/voxelize/thin_parts.h"

namespace voxgrad {

VoxelGrid voxelize(const Mesh& mesh, int resolution) {
  check(resolution >= 2 && resolution <= 256, "[voxelize] resolution ", resolution,
        " is not in 2..256");
  const Mesh::Bounds bounds = mesh.bounds();
  const double longest = bounds.longest_side();
  check(std::isfinite(longest) && longest > 0, "[voxelize] the mesh has no extent");

  VoxelGrid grid(resolution);
  grid.scale = longest;
  for (int axis = 0; axis < 3; ++axis) {
    grid.translate[axis] = (bounds.low[axis] + bounds.high[axis] - longest) / 2;
  }
  std::vector<Vec3f> vertices(mesh.vertices.size());
  for (std::size_t i = 0; i < vertices.size(); ++i) {
    for (int axis = 0; axis < 3; ++axis) {
      const double place = (mesh.vertices[i][axis] - grid.translate[axis]) / longest;
      vertices[i][axis] = float(place * resolution);
    }
  }
  const RayScene scene(vertices, mesh.triangles);
  const std::vector<std::uint8_t> inside =
      interior_voxels(vertices, mesh.triangles, scene, resolution);
  const std::vector<std::uint8_t> thin = thin_part_voxels(scene, inside, resolution);
  for (std::size_t i = 0; i < inside.size(); ++i)
    grid.values[i] = inside[i] || thin[i] ? 1.0f : 0.0f;
  return grid;
}

}  // namespace voxgrad
