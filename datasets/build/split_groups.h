// Cuts a category into train, val and test without near-duplicates on both sides.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "voxels/grid/bit_grid.h"

namespace voxgrad {

/// The occupied voxels of a grid, a bit each, in its four quarter turns about y.
class RotatedShape {
 public:
  explicit RotatedShape(const VoxelGrid& grid);

  /// The highest IoU with any quarter turn of the other, but 0 if the numbers of voxels alone keep
  /// it from passing `floor`. Both shapes must come from grids of one size.
  double best_iou(const RotatedShape& other, double floor) const;

 private:
  std::vector<BitGrid> turns_;  // four
  std::int64_t count_ = 0;
};

/// IoU over 0.9 in some quarter turn.
bool are_near_duplicates(const RotatedShape& a, const RotatedShape& b);

/// Group numbers: shapes with IoU > 0.9 in some quarter turn, or with the same non-empty name in
/// `named`, share one, also through others. The number is the first member's index.
std::vector<std::uint32_t> near_duplicate_groups(const std::vector<RotatedShape>& shapes,
                                                 const std::vector<std::string>& named);

/// A split for each object, that of its group, so that about 80, 10 and 10 in 100 objects are
/// "train", "val" and "test". Groups are dealt in an order drawn from `seed` and `key`.
std::vector<std::string> assign_splits(const std::vector<std::uint32_t>& groups, std::uint64_t seed,
                                       std::uint64_t key);

}  // namespace voxgrad
