// The occupied voxels of a grid, a bit each, for counting and comparing many of them.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "voxels/grid/grid.h"

namespace voxgrad {

class BitGrid {
 public:
  explicit BitGrid(std::size_t n_voxels) : words_((n_voxels + 63) / 64, 0) {}
  /// The voxels with value >= threshold.
  BitGrid(const VoxelGrid& grid, double threshold) : BitGrid(grid.values.size()) {
    for (std::size_t i = 0; i < grid.values.size(); ++i) {
      if (grid.values[i] >= threshold) set(i);
    }
  }

  void set(std::size_t voxel) { words_[voxel / 64] |= std::uint64_t{1} << (voxel % 64); }
  bool at(std::size_t voxel) const { return (words_[voxel / 64] >> (voxel % 64) & 1) != 0; }
  std::int64_t count() const {
    std::int64_t sum = 0;
    for (const std::uint64_t word : words_) sum += std::popcount(word);
    return sum;
  }
  /// Voxels that are set in both. The grids have one size.
  std::int64_t common(const BitGrid& other) const {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < words_.size(); ++i)
      sum += std::popcount(words_[i] & other.words_[i]);
    return sum;
  }

 private:
  std::vector<std::uint64_t> words_;
};

/// |A and B| / |A or B| from |A|, |B| and |A and B|; 1 if both are empty.
inline double iou_of_counts(std::int64_t a, std::int64_t b, std::int64_t common) {
  const std::int64_t any = a + b - common;
  return any == 0 ? 1.0 : double(common) / double(any);
}

}  // namespace voxgrad
