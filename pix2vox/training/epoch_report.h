// What a training says of an epoch, and its rows of metrics.csv and categories.csv.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pix2vox/evaluation/evaluator.h"
#include "pix2vox/training/metrics.h"

namespace voxgrad {

/// After an epoch with its validation.
struct EpochReport {
  std::int64_t epoch = 0, epochs = 0;
  std::int64_t n_views = 1;
  double loss_merged = 0, loss_refined = 0;  // training means
  bool refined = false;                      // there is a refiner, and so loss_refined
  std::vector<std::pair<std::string, double>> learning_rates{};  // by part of the network
  double validation_loss_merged = 0, validation_loss_refined = 0;
  IouTable validation;     // without rows if there is no validation split
  double threshold = 0.3;  // the best on the validation split
  bool best = false;
  double seconds = 0, samples_per_second = 0, data_wait_share = 0;
  std::int64_t skipped_objects = 0;
};

/// Its row of metrics.csv. thresholds: those of the validation's IoU; rates: the learning rates of
/// the epoch's last step, by part of the network. What the run does not have is an empty cell.
MetricsRow metrics_row(const EpochReport& report, const std::vector<double>& thresholds,
                       const std::vector<std::pair<std::string, double>>& rates);

/// Its row of categories.csv: each category's mean IoU over the thresholds. Empty without a
/// validation.
MetricsRow categories_row(const EpochReport& report);

}  // namespace voxgrad
