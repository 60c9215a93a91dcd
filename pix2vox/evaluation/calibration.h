// Do probabilities mean what they say? Over all voxels of all objects, in bins of equal width
// (Guo et al., "On calibration of modern neural networks", ICML 2017):
//
//   expected error = sum over bins of (voxels in the bin / all) * |mean probability - share
//   occupied|
//
// Most voxels are empty and known to be, which makes that small for any model; `uncertain` counts
// only voxels of probability in [0.05, 0.95).
#pragma once

#include <array>
#include <cstdint>

namespace voxgrad {

class Calibration {
 public:
  static constexpr int bins = 20;

  struct Bin {
    std::int64_t voxels = 0, occupied = 0;
    double probability = 0;  // sum
    double mean_probability() const { return voxels == 0 ? 0 : probability / double(voxels); }
    double share_occupied() const { return voxels == 0 ? 0 : double(occupied) / double(voxels); }
  };

  /// `count` voxels; truth is occupied from 0.5 on.
  void add(const float* probability, const float* truth, std::int64_t count);
  const std::array<Bin, bins>& all() const { return bins_; }
  double expected_error() const { return error_of(0, bins); }
  double uncertain_error() const { return error_of(1, bins - 1); }
  /// Share of the voxels that are uncertain.
  double uncertain_share() const;
  /// Predicted volume (the sum of probabilities) over the true one; 0 without any.
  double volume_ratio() const;

 private:
  double error_of(int first, int end) const;

  std::array<Bin, bins> bins_{};
};

}  // namespace voxgrad
