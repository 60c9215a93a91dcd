// Solid voxels of a triangle mesh as artists leave it: with open sheets, inner faces, overlapping
// or doubled parts, small gaps and any winding.
//
// The object's longest side spans all n cells; on the other axes it is centred. A voxel is occupied
// if
//   1. its centre cannot be reached from outside the mesh. Paths are looked for in a lattice three
//      times finer than the voxels (beyond 128 voxels per side, in the voxels themselves): first
//      through cells that no triangle touches, then on to the centres of the others where no
//      triangle cuts the way. Openings narrower than a third of a voxel are shut, those wider than
//      two thirds are open; so a vessel is hollow if its opening lets one in, for any kind of skin
//      made of, and a closed one is solid. Or
//   2. a part thinner than a cell passes through it, so that no centre is inside. Such boards, legs
//      and sheets become one voxel thick. They are found by sixteen lines per cell and axis.
// Where a surface runs exactly through centres or between cells, both sides of the grid's middle
// get the same answer, so that symmetric models give symmetric grids. The result does not depend on
// the number of threads.
#pragma once

#include "voxels/grid/grid.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// Occupancy 0 or 1, [x][y][z], y up; translate and scale are those of the mesh's own coordinates.
/// The grid is empty if all parts slip between the lines. Error unless 2 <= resolution <= 256 and
/// the mesh has an extent.
VoxelGrid voxelize(const Mesh& mesh, int resolution = 32);

/// The same grid, occupied where a triangle touches a voxel: never empty. For meshes of specks,
/// which voxelize() misses.
VoxelGrid voxelize_surface(const Mesh& mesh, int resolution = 32);

}  // namespace voxgrad
