// The surface on which the field measures the F-score of voxels (what3d: Tatarchenko et al., "What
// do single-view 3D reconstruction networks learn?", CVPR 2019, and those that followed): marching
// cubes at iso value 0 on a grid of 0 and 1 with a border of empty cells. It passes through the
// centres of the *empty* neighbours of occupied voxels, not half-way, and may be open or doubled:
// for measuring only. surface.h has surfaces to look at and to print.
#pragma once

#include "voxels/grid/grid.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// Of the voxels with value >= threshold, n in 1..512. Voxel (x, y, z) is at (x + 1, y + 1, z + 1)
/// / (n + 1): the padded grid is the unit cube. Triangles without area are left out.
Mesh empty_corner_surface(const VoxelGrid& grid, double threshold);

}  // namespace voxgrad
