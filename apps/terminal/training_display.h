// What `pix2vox train` says while it trains: on standard error, in the run's log.txt and, for
// `pix2vox watch`, in its status.json.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/terminal/progress.h"
#include "apps/terminal/training_text.h"
#include "pix2vox/training/run_status.h"
#include "pix2vox/training/trainer.h"

namespace spdlog {
class logger;
}

namespace voxgrad::apps {

struct DisplayOptions {
  bool quiet = false;     // warnings alone
  bool json_log = false;  // a JSON object per line instead of text
};

/// What training_line() shows of a training that is under way.
TrainingMoment moment_of(const RunStatus& status);

class TrainingDisplay {
 public:
  TrainingDisplay(ProgressLine& line, const DisplayOptions& options)
      : line_(line), options_(options) {}

  /// `refined`, `validated`: the run has a refiner, a validation split.
  void begin(const RunFolder& run, bool refined, bool validated);
  void step(const TrainingProgress& progress);
  void validating(std::int64_t done, std::int64_t total);
  void epoch(const EpochReport& report);
  /// Something to read; in the log, too. What is said before begin() is kept for it.
  void say(const std::string& text);
  /// "done" or "stopped".
  void end(const std::string& state);
  /// Ends it; the error is told by who catches it, and kept in the log.
  void fail(const std::string& error);

 private:
  void write_log(const std::string& text);
  void write_json(const std::string& event, const std::string& members);
  void keep_status(bool at_once);

  ProgressLine& line_;
  DisplayOptions options_;
  std::optional<EpochTable> table_;
  std::shared_ptr<spdlog::logger> log_;
  std::vector<std::string> waiting_;  // for the log
  std::filesystem::path status_file_;
  RunStatus status_;
  std::chrono::steady_clock::time_point status_written_{}, json_written_{};
  double seconds_left_ = 0;
};

}  // namespace voxgrad::apps
