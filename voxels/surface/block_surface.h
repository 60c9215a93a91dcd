// The surface of a voxel grid as a mesh of blocks: ready for Blender, MeshLab or a 3D printer.
//
// Every face between an occupied voxel and an empty one (or the outside) becomes a square of two
// triangles. The mesh is closed, its vertices are shared, its triangles are counter-clockwise seen
// from outside, and it is 2-manifold: each edge belongs to exactly two triangles, and the triangles
// around a vertex form one ring.
//
// Voxels that touch only along an edge or at a corner are split there: each side gets vertices of
// its own, `contact_gap` of a voxel away from the point of contact, so that it is a manifold for
// readers that merge vertices of one position, too. All other vertices lie on the grid's corners.
#pragma once

#include "voxels/grid/grid.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// How far vertices move where voxels only touch, in voxels along an axis.
inline constexpr double contact_gap = 0.04;

/// The surface of the voxels with value >= threshold, in world coordinates: a grid corner i lies at
/// translate + scale * i / n. Without such voxels the mesh is empty.
Mesh block_surface(const VoxelGrid& grid, double threshold = 0.5);

}  // namespace voxgrad
