#include "voxels/voxelize/voxelize.h"

#include <cmath>

#include "tensor/error.h"
#include "voxels/mesh/vec3.h"
#include "voxels/render/embree_scene.h"
#include "voxels/voxelize/fine_lattice.h"
#include "voxels/voxelize/interior.h"
#include "voxels/voxelize/thin_parts.h"

namespace voxgrad {

namespace {

// An empty grid around the mesh, and the mesh's vertices in units of its voxels.
struct PlacedMesh {
  VoxelGrid grid;
  std::vector<Vec3f> vertices;
};

PlacedMesh place(const Mesh& mesh, int resolution) {
  check(resolution >= 2 && resolution <= 256, "[voxelize] resolution ", resolution,
        " is not in 2..256");
  const Mesh::Bounds bounds = mesh.bounds();
  const double longest = bounds.longest_side();
  check(std::isfinite(longest) && longest > 0, "[voxelize] the mesh has no extent");

  PlacedMesh placed{VoxelGrid(resolution), std::vector<Vec3f>(mesh.vertices.size())};
  VoxelGrid& grid = placed.grid;
  grid.scale = longest;
  for (int axis = 0; axis < 3; ++axis) {
    grid.translate[axis] = (bounds.low[axis] + bounds.high[axis] - longest) / 2;
  }
  for (std::size_t i = 0; i < placed.vertices.size(); ++i) {
    for (int axis = 0; axis < 3; ++axis) {
      const double offset = (mesh.vertices[i][axis] - grid.translate[axis]) / longest;
      placed.vertices[i][axis] = float(offset * resolution);
    }
  }
  return placed;
}

}  // namespace

VoxelGrid voxelize(const Mesh& mesh, int resolution) {
  auto [grid, vertices] = place(mesh, resolution);
  const RayScene scene(vertices, mesh.triangles);
  const std::vector<std::uint8_t> inside =
      interior_voxels(vertices, mesh.triangles, scene, resolution);
  const std::vector<std::uint8_t> thin = thin_part_voxels(scene, inside, resolution);
  for (std::size_t i = 0; i < inside.size(); ++i)
    grid.values[i] = inside[i] || thin[i] ? 1.0f : 0.0f;
  return grid;
}

VoxelGrid voxelize_surface(const Mesh& mesh, int resolution) {
  auto [grid, vertices] = place(mesh, resolution);
  const FineLattice lattice(resolution);
  std::vector<std::uint8_t> touched(lattice.cell_count(), 0);
  mark_surface(lattice, vertices, mesh.triangles, 1, touched);
  std::vector<int> voxel_of_cell(lattice.side());
  for (int cell = 0; cell < lattice.side(); ++cell) {
    voxel_of_cell[cell] = lattice.voxel_of_cell(cell);
  }
  std::size_t index = 0;
  for (const int x : voxel_of_cell) {
    for (const int y : voxel_of_cell) {
      for (const int z : voxel_of_cell) {
        if (touched[index++]) grid.at(x, y, z) = 1;
      }
    }
  }
  return grid;
}

}  // namespace voxgrad
