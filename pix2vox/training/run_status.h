// What a training is doing at the moment, in its folder's status.json, for who watches it from
// elsewhere.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "pix2vox/training/trainer.h"

namespace voxgrad {

struct RunStatus {
  std::string state = "training";  // training, validating, done, stopped or failed
  TrainingProgress progress{};
  std::optional<double> iou{};  // mean over thresholds, of the last validation
  std::optional<double> memory_bytes{};
  /// Who trains; set by write_status.
  std::int64_t process = 0;
  std::string host{};
  double written = 0;  // seconds since 1970

  bool ended() const { return state == "done" || state == "stopped" || state == "failed"; }
};

/// Replaces the file, without waiting for the disk: it is of no use after a crash.
void write_status(const std::filesystem::path& file, RunStatus status);
/// None if there is no such file, or it is of another kind.
std::optional<RunStatus> read_status(const std::filesystem::path& file);
/// False if the training has ended, or its process is gone.
bool is_alive(const RunStatus& status);

}  // namespace voxgrad
