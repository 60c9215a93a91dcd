// The surface of a voxel grid as a mesh of blocks: ready for Blender, MeshLab or a 3D printer.
//
// Every face between an occupied voxel and an empty one (or the outside) becomes a square of two
// triangles. The mesh is closed, its vertices are shared, its triangles are counter-clockwise seen
// from outside, and it is 2-manifold: each edge belongs to exactly two triangles, and the triangles
// around a vertex form one ring. Where voxels touch only along an edge or at a corner, they are
// separate there: the vertices are doubled.
#pragma once

#include "voxels/grid/grid.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// The surface of the voxels with value >= threshold, in world coordinates: a grid corner i lies at
/// translate + scale * i / n. Without such voxels the mesh is empty.
Mesh block_surface(const VoxelGrid& grid, double threshold = 0.5);

}  // namespace voxgrad
