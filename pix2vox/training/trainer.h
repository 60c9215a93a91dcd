// Training: epochs of steps, validation after each, checkpoints, resuming bit for bit.
//
// A run is a folder: config.yaml, metrics.csv and categories.csv (a row per epoch), samples/
// (predictions beside truth) and checkpoints/ with last.h5 (after the steps of every epoch, after
// its validation, and when stopped), best.h5 (highest mean IoU over the thresholds on the
// validation split; without one, the last epoch) and epoch_NNNN.h5 every train.save_every epochs.
//
// A step is one forward pass, one backward pass over the sum of both losses and one optimizer step;
// the published code's two backward passes give the same gradients. With train.accumulate a step is
// so many passes over equal parts of the batch, whose gradients are averaged: the same as one pass
// but for batch norms, which take the statistics of each part. With train.ema the moving average of
// the weights is what is validated and saved as the model. A NaN or infinity in a loss or
// gradient stops the run before the weights change, and the error names the first layer.
//
// A resumed run is the run that began: pix2vox/training/resume_rules.h says which keys of the
// configuration may change, and the splits must have the fingerprints that they had. Where the
// measure of "best" changes, best begins anew and the old best.h5 is kept beside it.
//
// On a GPU the host does not wait within a step: while the device works on one, the host asks for
// the next and then reads what the first one gave. From the second step of a kind on, all of a step
// but the optimizer's is one recorded piece of work (tensor/captured_graph.h).
#pragma once

#include <atomic>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "datasets/loading/loader.h"
#include "optim/optimizer.h"
#include "optim/weight_average.h"
#include "pix2vox/checkpoint/checkpoint.h"
#include "pix2vox/data/batch_upload.h"
#include "pix2vox/evaluation/evaluator.h"
#include "pix2vox/training/epoch_report.h"
#include "pix2vox/training/resume_rules.h"
#include "pix2vox/training/run_folder.h"
#include "pix2vox/training/sample_volumes.h"
#include "pix2vox/training/step_report.h"
#include "tensor/captured_graph.h"
#include "tensor/transfer.h"

namespace voxgrad {

/// After a step.
struct TrainingProgress {
  std::int64_t epoch = 0, epochs = 0;        // from 1
  std::int64_t batch = 0, batches = 0;       // from 1
  double loss_merged = 0, loss_refined = 0;  // running means of the epoch
  bool refined = false;                      // there is a refiner, and so loss_refined
  double samples_per_second = 0;
  double data_wait_share = 0;  // of the epoch's time spent waiting for data, 0..1
  double seconds_left = 0;     // of the whole run, as the epoch so far suggests
};

struct TrainingHooks {
  std::function<void(const TrainingProgress&)> step;
  std::function<void(const EpochReport&)> epoch;
  std::function<void(std::int64_t, std::int64_t)> validating;
  std::function<void(const std::string&)> notice;  // warnings and what was saved
};

struct TrainingOptions {
  std::filesystem::path out;  // the run's folder
  bool resume = false;        // continue from its last checkpoint
  Device device;
  /// Set from a signal handler: the step is finished and the state saved.
  const std::atomic<bool>* stop = nullptr;
  /// Steps that may be asked for before the results of an earlier one are read: changes no result.
  /// Default: 1 on a GPU, 0 on the CPU, where it would only keep memory.
  std::optional<std::int64_t> steps_ahead{};
};

struct TrainingOutcome {
  bool interrupted = false;
  std::int64_t epochs = 0;  // completed
  double best_iou = 0;
  std::int64_t best_epoch = 0;
  bool out_of_patience = false;  // stopped by train.patience
};

/// ConfigError if nothing would be learnt (train.freeze leaves no part, or the merger alone with
/// one view, from which it gets no gradient), or if checkpoints cannot store so long a
/// configuration.
void check_trainable(const Config& config);

class Trainer {
 public:
  /// Builds the model, draws or loads its weights, and opens the run's folder. ConfigError if
  /// check_trainable throws it, if the folder already holds a run and resume is off, or if a
  /// resumed run would not be the same training. The data sets must outlive the trainer;
  /// `validation` may be null.
  Trainer(const Config& config, const Dataset& train, const Dataset* validation,
          const TrainingOptions& options, TrainingHooks hooks = {});
  /// Up to config.train.epochs, or until options.stop.
  TrainingOutcome run();
  /// Lets other trainings have the folder, which else waits for the destructor. A lock that cannot
  /// be closed is a notice.
  void close();
  Pix2Vox& model() { return model_; }

 private:
  void start_fresh();
  void load_fitting(const std::string& file);
  void resume();
  void check_same_data(const std::filesystem::path& file);
  void restart_best(const Config& before);
  void notice(const std::string& text) const;
  std::unique_ptr<Optimizer> make_optimizer() const;
  void set_learning_rates();
  bool validates(std::int64_t epoch) const;  // from 1
  bool out_of_patience() const;
  bool train_epoch(EpochReport& report);  // false if stopped
  /// A step that the device may still be working on.
  struct PendingStep {
    Batch batch;
    Readback report;  // StepReport::values()
  };
  void begin_step(Batch batch);
  void compute_gradients(const BatchUpload::Inputs& inputs, std::int64_t n_views);
  Losses losses_of_part(const BatchUpload::Inputs& inputs, std::int64_t n_views, std::int64_t part);
  void finish_step();  // the oldest pending one
  [[noreturn]] void report_anomaly(const Batch& batch);
  bool validate(EpochReport& report);  // false if stopped
  void save(const EpochReport& report);
  void save_last() const;
  void keep_samples(std::int64_t epoch, const SampleCollector& samples);
  Checkpoint snapshot(bool with_training) const;
  bool stopping() const { return options_.stop && options_.stop->load(); }

  Config config_;
  TrainingOptions options_;
  TrainingHooks hooks_;
  const Dataset* validation_;
  TrainingState::Data data_;
  std::optional<RunLock> lock_;  // on the run's folder
  Pix2Vox model_;
  Loader loader_;
  std::unique_ptr<Optimizer> optimizer_;
  std::optional<WeightAverage> average_;  // with train.ema
  TrainingState state_;
  double threshold_ = 0.3;
  bool sample_objects_kept_ = false;
  std::vector<CategoryThreshold> category_thresholds_;
  std::deque<PendingStep> pending_;
  BatchUpload upload_;
  StepReport report_;
  GraphedWork gradient_work_;
};

}  // namespace voxgrad
