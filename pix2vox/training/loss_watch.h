// Notices a training whose losses explode, which a learning rate that is too high causes without
// ever giving a NaN.
#pragma once

#include <cstdint>
#include <string>

namespace voxgrad {

class LossWatch {
 public:
  /// Told the epoch's mean loss so far after each step, epochs from 1. "" or, once per run, a
  /// warning: it is more than max_growth times the first step's loss, or the lowest mean of an
  /// epoch.
  std::string operator()(std::int64_t epoch, double mean_loss);

 private:
  static constexpr double max_growth = 3;
  static constexpr std::int64_t min_steps = 5;  // of the run, before anything is said

  std::int64_t steps_ = 0, epoch_ = 0;
  double lowest_ = 0;  // the first step's, or an epoch's mean
  double last_ = 0;    // mean of the epoch so far
  bool said_ = false;
};

}  // namespace voxgrad
