// How a training looks in a terminal: one line for the moment, and a table with a row per epoch.
// Both leave out what the model or the data lack, and, where the terminal is narrow, what matters
// least.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace voxgrad::apps {

/// The moment.
struct TrainingMoment {
  std::int64_t epoch = 0, epochs = 0, batch = 0, batches = 0;  // from 1
  double loss = 0;
  std::optional<double> loss_refined{};
  std::optional<double> iou{};  // mean over thresholds, of the last validation
  double samples_per_second = 0, data_wait_share = 0;
  std::optional<double> memory_bytes{};
  double seconds_left = 0;
};

/// At most `columns` characters: "[###...] epoch 3/30 batch 12/55 loss 4.210 IoU 0.312 ...".
std::string training_line(const TrainingMoment& moment, std::size_t columns);

/// A row of the table.
struct EpochRow {
  std::int64_t epoch = 0, epochs = 0;
  double loss = 0;
  std::optional<double> loss_refined{}, validation_loss{}, iou{}, best_iou{}, threshold{};
  double samples_per_second = 0, data_wait_share = 0, seconds = 0;
  bool best = false;  // so far
};

class EpochTable {
 public:
  /// `refined`, `validated`: the run has a refiner, a validation split.
  EpochTable(bool refined, bool validated) : refined_(refined), validated_(validated) {}
  /// The row, below the titles where there are none yet or the width has changed.
  std::string row(const EpochRow& row, std::size_t columns);

 private:
  bool refined_, validated_;
  std::string titles_;
};

/// "1.2 GiB", "512 MiB".
std::string format_bytes(double bytes);

}  // namespace voxgrad::apps
