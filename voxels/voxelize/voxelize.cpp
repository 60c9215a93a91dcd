#include "voxels/voxelize/voxelize.h"

#include <cmath>

#include "tensor/error.h"
#include "voxels/render/embree_scene.h"
#include "voxels/voxelize/interior_votes.h"
#include "voxels/voxelize/mesh_parts.h"
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
  const MeshParts parts = weld_parts(mesh, grid.translate, longest / resolution);
  check(!parts.triangles.empty(), "[voxelize] every triangle is smaller than a ten-thousandth of a",
        " voxel");
  const RayScene scene(parts.vertices, parts.triangles);
  const std::vector<std::uint8_t> inside = inside_by_votes(parts, scene, resolution);
  const std::vector<std::uint8_t> thin = thin_part_voxels(scene, inside, resolution);
  for (std::size_t i = 0; i < inside.size(); ++i)
    grid.values[i] = inside[i] || thin[i] ? 1.0f : 0.0f;
  return grid;
}

}  // namespace voxgrad
