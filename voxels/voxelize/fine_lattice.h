// The lattice of small cells in which voxelize() looks for what is outside of a mesh.
//
// Each voxel is cut into refinement^3 cells; around the grid is a margin of three cells: the mesh
// may touch the first, paths run through the second, and the third shuts them in. Centres of
// cells are moved towards the grid's centre by a ten-thousandth of their distance from it: a
// surface of a symmetric model often runs exactly through centres, and then the voxels on both
// sides of the model get the same answer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "voxels/mesh/vec3.h"

namespace voxgrad {

class FineLattice {
 public:
  static constexpr int margin = 3;

  /// Three cells per voxel and axis for grids of up to 128 voxels per side, else one.
  explicit FineLattice(int n_voxels)
      : n_voxels_(n_voxels),
        refinement_(n_voxels <= 128 ? 3 : 1),
        side_(n_voxels * refinement_ + 2 * margin) {}

  int n_voxels() const { return n_voxels_; }
  int side() const { return side_; }
  std::size_t cell_count() const { return stride(0) * std::size_t(side_); }
  std::size_t stride(int axis) const {
    return axis == 0 ? std::size_t(side_) * side_ : axis == 1 ? std::size_t(side_) : 1;
  }
  std::size_t index(int x, int y, int z) const { return (std::size_t(x) * side_ + y) * side_ + z; }
  /// The cell in the middle of a voxel, along one axis.
  int middle_of_voxel(int voxel) const { return voxel * refinement_ + refinement_ / 2 + margin; }
  /// The voxel that a cell is a part of, along one axis; in the margin the nearest.
  int voxel_of_cell(int cell) const {
    return std::clamp((cell - margin) / refinement_, 0, n_voxels_ - 1);
  }

  /// Along one axis, in voxels: what is at `place` as seen among the centres before they moved.
  double among_centres(double place, int axis) const {
    const double middle = n_voxels_ / 2.0;
    return (place - nudge[axis] - middle) / (1 - shrink) + middle;
  }
  /// Along one axis: the place, in voxels, of a place in cells (cell i spans i to i + 1), and back.
  double to_voxels(double cells, int axis) const {
    const double middle = n_voxels_ / 2.0;
    return middle + ((cells - margin) / refinement_ - middle) * (1 - shrink) + nudge[axis];
  }
  double to_cells(double voxels, int axis) const {
    return among_centres(voxels, axis) * refinement_ + margin;
  }

 private:
  static constexpr double shrink = 1e-4;
  // Surfaces through the centre itself, which shrinking leaves where they are.
  static constexpr double nudge[3] = {1.1e-5, 1.7e-5, 2.3e-5};

  int n_voxels_, refinement_, side_;
};

/// Sets `flag` in every cell that a triangle touches. The mesh is in units of a voxel. (Schwarz and
/// Seidel, "Fast parallel surface and solid voxelization on GPUs", 2010: the conservative test.)
void mark_surface(const FineLattice& lattice, const std::vector<Vec3f>& vertices,
                  const std::vector<std::array<std::uint32_t, 3>>& triangles, std::uint8_t flag,
                  std::vector<std::uint8_t>& cells);

}  // namespace voxgrad
