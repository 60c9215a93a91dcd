// Solid voxels of a triangle mesh as artists leave it: with open sheets, inner faces, overlapping
// parts and any winding.
//
// The object's longest side spans all n cells; on the other axes it is centred. A voxel is occupied
// if
//   1. its centre is inside. Lines through the centre in 13 directions (3 along the axes, 6 along
//      diagonals of faces, 4 of the cube) give 26 half-lines. An odd number of crossings with a
//      connected part of the mesh is a vote for being inside that part; 16 votes decide. The mesh
//      as a whole may win the same vote, for solids that are made of many separate sheets. And a
//      point from which every half-line meets something lies in a closed cavity. Or
//   2. a part thinner than a cell passes through it, so that no centre is inside. Such boards, legs
//      and sheets become one voxel thick. They are found by sixteen lines a cell and axis.
// The result does not depend on the number of threads.
#pragma once

#include "voxels/grid/grid.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// Occupancy 0 or 1, [x][y][z], y up; translate and scale are those of the mesh's own coordinates.
/// Error unless 2 <= resolution <= 256 and the mesh has an extent.
VoxelGrid voxelize(const Mesh& mesh, int resolution = 32);

}  // namespace voxgrad
