// Smooth surfaces by marching cubes (Lorensen and Cline, SIGGRAPH 1987) on the values of a grid.
//
// The surface passes between voxel centres with values on both sides of the threshold, at the place
// where linear interpolation meets it. The grid is surrounded by empty cells, so it is closed at
// the border.
//
// No table of triangles: in each cell the crossed edges are joined face by face to closed polygons,
// which are then cut into triangles. A face of which two opposite corners are occupied is resolved
// by the asymptotic decider (Nielson and Hamann, Visualization 1991): they are joined if the
// bilinear interpolant is above the threshold at its saddle. Both cells at a face decide the same.
// Polygons are never joined through a cell.
//
// This is always a 2-manifold. Each lattice edge that is crossed has one vertex, kept `margin` of
// the edge away from its ends, so that no two share a place. In a cell such a vertex belongs to
// exactly one polygon, and across the four cells around its edge these form one ring. A side of a
// polygon lies on a face of two cells, and each has one polygon there. Diagonals are drawn only
// between edges that lie on no common face, so both cells at a face cannot draw the same; a polygon
// that has no such diagonals is cut from a vertex in its middle.
#pragma once

#include "voxels/grid/grid.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad {

struct MarchingCubesOptions {
  double threshold = 0.5;
  /// Vertices keep this share of the edge's length away from its ends, 0 < margin < 0.5.
  double margin = 0.02;
};

/// The surface around values >= threshold in world coordinates, counter-clockwise seen from below
/// the threshold. Without such values the mesh is empty.
Mesh marching_cubes(const VoxelGrid& grid, const MarchingCubesOptions& options = {});

}  // namespace voxgrad
