#include "pix2vox/evaluation/calibration.h"

#include <algorithm>
#include <cmath>

namespace voxgrad {

void Calibration::add(const float* probability, const float* truth, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const int place = std::clamp(int(probability[i] * float(bins)), 0, bins - 1);
    Bin& bin = bins_[std::size_t(place)];
    ++bin.voxels;
    bin.occupied += truth[i] >= 0.5f;
    bin.probability += double(probability[i]);
  }
}

double Calibration::error_of(int first, int end) const {
  double total = 0;
  std::int64_t voxels = 0;
  for (int b = first; b < end; ++b) {
    const Bin& bin = bins_[std::size_t(b)];
    total += double(bin.voxels) * std::abs(bin.mean_probability() - bin.share_occupied());
    voxels += bin.voxels;
  }
  return voxels == 0 ? 0 : total / double(voxels);
}

double Calibration::uncertain_share() const {
  std::int64_t uncertain = 0, all = 0;
  for (int b = 0; b < bins; ++b) {
    all += bins_[std::size_t(b)].voxels;
    if (b > 0 && b < bins - 1) uncertain += bins_[std::size_t(b)].voxels;
  }
  return all == 0 ? 0 : double(uncertain) / double(all);
}

double Calibration::volume_ratio() const {
  double predicted = 0;
  std::int64_t occupied = 0;
  for (const Bin& bin : bins_) {
    predicted += bin.probability;
    occupied += bin.occupied;
  }
  return occupied == 0 ? 0 : predicted / double(occupied);
}

}  // namespace voxgrad
