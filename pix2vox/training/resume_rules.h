// What a resumed run may change about the configuration that it began with. Each key of the
// configuration has one rule; docs/training.md shows the table.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pix2vox/config/config.h"

namespace voxgrad {

enum class ResumeRule {
  fixed,           // another value would make it another training: refused
  between_epochs,  // may change, but not in the middle of an epoch; said
  said,            // may change; said
  kept,            // acts at the start of a run alone: the run's own value stays; said
  free,            // bears on no result of the training
};

/// Error for a key without a rule.
ResumeRule resume_rule(const std::string& key);

struct ResumedConfig {
  Config config;                     // what the run continues with
  std::vector<std::string> notices;  // what changed, or was not taken
};

/// Compares what is asked for now with what the run was doing. ConfigError that lists every key
/// that may not change, with both values; `file` stands before it. `within_epoch`: the run stopped
/// after some of an epoch's batches.
ResumedConfig resume_config(const Config& before, const Config& now, bool within_epoch,
                            const std::filesystem::path& file);

/// True if the mean IoU on the validation split means the same under both.
bool same_validation_measure(const Config& before, const Config& now);

}  // namespace voxgrad
