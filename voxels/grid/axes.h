// Turns between frames whose axes are those of another frame, up to signs. All data sets are
// brought to the frame of 3D-R2N2's grids, right-handed: x is the object's front, y is up, and
// z = x cross y is on the left of one who looks at its front.
#pragma once

#include <array>

#include "voxels/grid/grid.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// Coordinate a of the result is `sign[a]` times coordinate `from[a]` of the source.
struct AxisTurn {
  std::array<int, 3> from{0, 1, 2};
  std::array<int, 3> sign{1, 1, 1};

  /// 1 for a turn, -1 for a mirror image.
  int determinant() const;
  Vec3 operator()(const Vec3& point) const;
  /// Cells move with their indices; translate moves with the cube.
  VoxelGrid operator()(const VoxelGrid& grid) const;
  Mesh operator()(Mesh mesh) const;
};

}  // namespace voxgrad
