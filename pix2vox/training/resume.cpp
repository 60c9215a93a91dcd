// What a resumed training takes from the run that it continues.
#include <algorithm>

#include "io/file.h"
#include "pix2vox/training/trainer.h"

namespace voxgrad {

void Trainer::resume() {
  const RunFolder folder{options_.out};
  check<ConfigError>(
      folder.can_resume(), folder.checkpoints().string(),
      " holds no last.h5 to resume from: begin another run from the weights that are "
      "there, with --weights FILE and another --out");
  const LastCheckpoint last = load_last_checkpoint(folder.checkpoints());
  if (!last.warning.empty()) notice(last.warning);
  const Checkpoint& checkpoint = last.checkpoint;
  check_same_network(checkpoint.config.model, config_.model, last.file);
  check(checkpoint.training.has_value(), last.file.string(),
        ": holds weights alone, nothing to resume");
  state_ = *checkpoint.training;
  const ResumedConfig resumed =
      resume_config(checkpoint.config, config_, state_.batch > 0, last.file);
  config_ = resumed.config;
  check_same_data(last.file);
  for (const std::string& text : resumed.notices) notice(text);
  const auto& averaged = state_.averaged;
  model_.load_state(averaged ? averaged->weights : checkpoint.model);
  if (averaged) {
    average_.emplace(model_.state(), config_.train.ema);
    average_->load(checkpoint.model, averaged->updates);
    state_.averaged.reset();
  }
  optimizer_ = make_optimizer();
  optimizer_->load_state(state_.optimizer_state);
  state_.optimizer_state.clear();
  threshold_ = checkpoint.threshold;
  category_thresholds_ = checkpoint.category_thresholds;
  restart_best(checkpoint.config);
}

void Trainer::check_same_data(const std::filesystem::path& file) {
  if (!state_.data) return;  // of an older program
  const DatasetFingerprint &was = state_.data->train, &is = data_.train;
  check<ConfigError>(
      was.objects == is.objects, file.string(),
      ": the training split is another one than the run began with (data.root, "
      "data.taxonomy): ",
      was.objects, " in the run, ", is.objects,
      " now. Give the same data set, or begin another run from its weights: --weights ",
      file.string(), " and another --out");
  if (was.contents != is.contents)
    notice(
        "warning: pictures or volumes of the training split are not what they were when the run "
        "began");
}

/// An IoU of another measure cannot be compared with those to come.
void Trainer::restart_best(const Config& before) {
  if (state_.best_epoch == 0) return;
  const std::filesystem::path best = RunFolder{options_.out}.best();
  const bool same_data = !state_.data || state_.data->validation == data_.validation;
  std::string reason;
  if (!exists(best))
    reason = best.string() + " is missing";
  else if (!same_validation_measure(before, config_))
    reason = "test.thresholds or train.n_views changed";
  else if (!same_data)
    reason = "the validation split changed";
  if (reason.empty()) return;
  std::string text = concat("note: \"best\" begins anew, because ", reason);
  if (exists(best))
    text += concat("; the one of epoch ", state_.best_epoch, " is now ", keep_aside(best).string());
  state_.best_epoch = 0;
  state_.best_iou = 0;
  notice(text);
}

}  // namespace voxgrad
