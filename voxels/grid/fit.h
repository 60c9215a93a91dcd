// Brings a grid to another resolution so that the object in it fills the cube, as in 3D-R2N2's
// grids.
#pragma once

#include <array>

#include "voxels/grid/grid.h"

namespace voxgrad {

/// The bounding box of the voxels with value >= threshold, both ends included; low > high if there
/// are none.
struct VoxelBox {
  std::array<int, 3> low{0, 0, 0}, high{-1, -1, -1};
  bool empty() const { return high[0] < low[0]; }
  int longest_side() const;
};
VoxelBox box_of(const VoxelGrid& grid, double threshold = 0.5);

/// A share of a cell's volume from which it counts as occupied: the one that comes nearest to
/// voxelising the mesh at the lower resolution (docs/datasets.md has the measurement).
inline constexpr double occupied_share = 0.4;

/// The object's longest side spans all n cells; on the other axes it is centred. A cell is occupied
/// if at least `share` of its volume is, in voxels with value >= 0.5. If that leaves nothing, all
/// cells are that hold anything. Translate and scale go with it. Error if the grid is empty or n is
/// not in 1..512.
VoxelGrid fit_to_cube(const VoxelGrid& grid, int n, double share = occupied_share);

}  // namespace voxgrad
