// IoU as Pix3D's authors measure it (Sun et al., CVPR 2018, their evaluation code):
//
//   1. A grid of more than 100 voxels per side is max-pooled 4 x 4 x 4.
//   2. The box around values >= 0.1 is cut out and padded with 0 to a cube, object in the middle.
//   3. It is resampled to 32^3 trilinearly, sample points spread from end to end.
//   4. One threshold for the whole set, of 0.01, 0.02 ... 0.49, is chosen for the highest mean IoU;
//      values above it count, of prediction and truth alike. Two empty shapes have IoU 0.
//
// The box hides errors of size and place, and the threshold is fitted to the tested set itself: say
// so beside the figure, and give the plain IoU at a threshold that was fixed before.
#pragma once

#include <utility>
#include <vector>

#include "pix2vox/evaluation/evaluator.h"
#include "voxels/grid/grid.h"

namespace voxgrad {

/// Steps 1 to 3; all 0 without a value >= 0.1.
VoxelGrid pix3d_normalized(const VoxelGrid& grid);

class Pix3dIou {
 public:
  Pix3dIou();
  void add(const ObjectInfo& object, const VoxelGrid& prediction, const VoxelGrid& truth);
  /// Mean IoU at each threshold, by category and overall.
  const IouTable& table() const { return table_; }

 private:
  std::vector<double> thresholds_;
  IouTable table_;
};

}  // namespace voxgrad
