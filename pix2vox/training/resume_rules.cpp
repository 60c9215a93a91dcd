#include "pix2vox/training/resume_rules.h"

#include <string_view>

namespace voxgrad {
namespace {

struct Entry {
  std::string_view key;  // or the beginning of keys, with a dot at its end
  ResumeRule rule;
};

// The first that fits counts.
constexpr Entry rules[] = {
    {"model.vgg_init", ResumeRule::kept},
    {"model.track_merger", ResumeRule::said},
    {"model.", ResumeRule::fixed},
    // Where the data are may change: that they are the same is shown by their fingerprint.
    {"data.kind", ResumeRule::said},
    {"data.root", ResumeRule::said},
    {"data.taxonomy", ResumeRule::said},
    {"data.mix", ResumeRule::said},
    {"data.mix_weights", ResumeRule::between_epochs},
    {"data.cache_mb", ResumeRule::free},
    {"data.loader_threads", ResumeRule::free},
    {"data.skip_bad", ResumeRule::said},
    {"data.", ResumeRule::fixed},        // crop_size, background, augmentation.*
    {"train.epochs", ResumeRule::free},  // but said where the schedule depends on it, see below
    {"train.save_every", ResumeRule::free},
    {"train.precision", ResumeRule::said},
    {"train.batch_size", ResumeRule::between_epochs},
    {"train.n_views", ResumeRule::between_epochs},
    {"train.random_n_views", ResumeRule::between_epochs},
    {"train.learning_rate.", ResumeRule::said},
    {"train.milestones", ResumeRule::said},
    {"train.gamma", ResumeRule::said},
    {"train.schedule", ResumeRule::said},
    {"train.final_factor", ResumeRule::said},
    {"train.warmup_epochs", ResumeRule::said},
    {"train.weight_decay", ResumeRule::said},
    {"train.validate_every", ResumeRule::free},
    {"train.patience", ResumeRule::free},
    {"train.accumulate", ResumeRule::between_epochs},
    {"train.weights", ResumeRule::kept},
    {"train.weights_partial", ResumeRule::kept},
    // optimizer, betas, momentum, loss, dice_weight, focal_gamma, ema, seed, freeze
    {"train.", ResumeRule::fixed},
    {"test.thresholds", ResumeRule::said},
    {"test.", ResumeRule::free},
};

void keep(const std::string& key, const Config& before, Config& now) {
  if (key == "model.vgg_init") now.model.vgg_init = before.model.vgg_init;
  if (key == "train.weights_partial") now.train.weights_partial = before.train.weights_partial;
  if (key == "train.weights") now.train.weights = before.train.weights;
}

}  // namespace

ResumeRule resume_rule(const std::string& key) {
  for (const auto& [name, rule] : rules)
    if (key == name || (name.ends_with('.') && key.starts_with(name))) return rule;
  fail("[resume] no rule for the key ", key);
}

ResumedConfig resume_config(const Config& before, const Config& now, bool within_epoch,
                            const std::filesystem::path& file) {
  ResumedConfig result{now, {}};
  const std::vector<ConfigKey> old_keys = config_keys(before), new_keys = config_keys(now);
  std::string refused;
  bool only_within_epoch = true;
  for (std::size_t i = 0; i < old_keys.size(); ++i) {
    const auto& [key, was, expects, meaning] = old_keys[i];
    const std::string& is = new_keys[i].value;
    if (was == is) continue;
    const ResumeRule rule = resume_rule(key);
    if (rule == ResumeRule::fixed || (rule == ResumeRule::between_epochs && within_epoch)) {
      refused += concat("\n  ", key, ": ", was, " in the run, ", is, " asked for");
      only_within_epoch = only_within_epoch && rule == ResumeRule::between_epochs;
    } else if (rule == ResumeRule::kept) {
      keep(key, before, result.config);
      result.notices.push_back(
          concat("note: ", key, " acts at the start of a run alone: ", is, " is not looked at"));
    } else if (rule != ResumeRule::free ||
               (key == "train.epochs" && now.train.schedule == "cosine")) {
      result.notices.push_back(concat("note: ", key, " changes from ", was, " to ", is));
    }
  }
  check<ConfigError>(
      refused.empty(), file.string(),
      only_within_epoch ? ": stopped within an epoch, until whose end these must stay:"
                        : ": a resumed run must keep what it began with:",
      refused, "\nLeave them as they were, or begin another run from its weights: ", "--weights ",
      file.string(), " and another --out");
  return result;
}

bool same_validation_measure(const Config& before, const Config& now) {
  return before.test.thresholds == now.test.thresholds && before.train.n_views == now.train.n_views;
}

}  // namespace voxgrad
