#include "pix2vox/training/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "io/file.h"
#include "optim/schedule.h"
#include "pix2vox/data/open_dataset.h"
#include "pix2vox/evaluation/threshold_search.h"
#include "pix2vox/training/epoch_report.h"
#include "pix2vox/training/metrics.h"
#include "pix2vox/training/objective.h"
#include "tensor/ops/backend.h"
#include "voxels/image/image.h"

namespace voxgrad {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

LoaderOptions loader_for(const Config& config, Device device) {
  LoaderOptions options = training_loader(config);
  options.pack = BatchUpload::wants_packed(device);
  return options;
}

std::vector<NamedTensor> on_host(const std::vector<NamedTensor>& tensors) {
  std::vector<NamedTensor> result;
  result.reserve(tensors.size());
  for (const auto& [name, tensor] : tensors) result.push_back({name, tensor.to(Device::cpu())});
  return result;
}

const Config& checked(const Config& config) {
  check_trainable(config);
  return config;
}

DatasetFingerprint fingerprint_of(const Dataset* dataset) {
  return dataset != nullptr ? fingerprint(*dataset) : DatasetFingerprint{};
}

}  // namespace

void check_trainable(const Config& config) {
  const std::vector<std::string>& frozen = config.train.freeze;
  std::vector<std::string> learning{"encoder", "decoder"};
  if (config.model.use_merger) learning.emplace_back("merger");
  if (config.model.use_refiner) learning.emplace_back("refiner");
  std::erase_if(learning, [&](const std::string& part) {
    return std::ranges::find(frozen, part) != frozen.end();
  });
  check<ConfigError>(!learning.empty(), "train.freeze leaves nothing to train");
  check<ConfigError>(config.train.n_views > 1 || learning != std::vector<std::string>{"merger"},
                     "train.freeze leaves the merger alone, which gets no gradient from one view: "
                     "set train.n_views to 2 or more");
  const std::size_t length = to_yaml(with_absolute_paths(config)).size();
  check<ConfigError>(length <= max_config_text, "the configuration has ", length,
                     " bytes as text, a checkpoint stores at most ", max_config_text,
                     ": shorten train.milestones, test.thresholds or the paths");
}

Trainer::Trainer(const Config& config, const Dataset& train, const Dataset* validation,
                 const TrainingOptions& options, TrainingHooks hooks)
    : config_(with_absolute_paths(checked(config))),
      options_(options),
      hooks_(std::move(hooks)),
      validation_(validation),
      data_{fingerprint(train), fingerprint_of(validation)},
      model_(config.model),
      loader_(train, loader_for(config, options.device)),
      upload_(options.device, precision_from(config.train.precision)),
      report_(options.device),
      gradient_work_(options.device) {
  const RunFolder folder{options_.out};
  check<ConfigError>(options_.resume || !folder.has_run(), options_.out.string(),
                     " already holds a run: add --resume to continue it, or choose another --out");
  check<ConfigError>(!options_.resume || folder.has_run(), options_.out.string(),
                     " holds no run to resume: leave out --resume to start one");
  lock_.emplace(folder.create());
  model_.freeze(config_.train.freeze);
  model_.to(options_.device);
  model_.set_precision(precision_from(config_.train.precision));
  state_.seed = config_.train.seed;
  state_.optimizer = config_.train.optimizer;
  if (options_.resume) {
    resume();
  } else {
    start_fresh();
  }
  state_.data = data_;
  folder.write_config(to_yaml(config_));
}

void Trainer::notice(const std::string& text) const {
  if (hooks_.notice) hooks_.notice(text);
}

void Trainer::set_learning_rates() {
  const TrainConfig& train = config_.train;
  // Of the step to come: a warm-up reaches its end with its last step.
  const std::int64_t batches = loader_.batches();
  const std::int64_t batch = std::min(state_.batch + std::int64_t(pending_.size()), batches - 1);
  const double step = 1 / double(batches);
  const double position = double(state_.epoch) + step * double(batch);
  std::vector<double> rates;
  for (const std::string& part : model_.part_names()) {
    const double base = train.learning_rate.of(part);
    const double rate =
        train.schedule == "cosine"
            ? base * cosine_factor(position, double(train.epochs), train.final_factor)
            : multi_step_lr(base, train.milestones, train.gamma, state_.epoch);
    rates.push_back(rate * warmup_factor(position + step, train.warmup_epochs));
  }
  optimizer_->set_learning_rates(std::move(rates));
}

bool Trainer::validates(std::int64_t epoch) const {
  return validation_ != nullptr &&
         (epoch % config_.train.validate_every == 0 || epoch == config_.train.epochs);
}

bool Trainer::out_of_patience() const {
  const std::int64_t patience = config_.train.patience;
  return patience > 0 && state_.best_epoch > 0 && state_.epoch - state_.best_epoch >= patience;
}

TrainingOutcome Trainer::run() {
  bool stopped = stopping();
  while (!stopped && !out_of_patience() && state_.epoch < config_.train.epochs) {
    EpochReport report;
    report.epoch = state_.epoch + 1;
    report.epochs = config_.train.epochs;
    report.refined = config_.model.use_refiner;
    set_learning_rates();
    const std::vector<std::string> parts = model_.part_names();
    for (std::size_t i = 0; i < parts.size(); ++i)
      report.learning_rates.emplace_back(parts[i], optimizer_->learning_rates()[i]);
    const std::int64_t batches_before = state_.batch;
    stopped = !train_epoch(report);
    const bool validating = !stopped && validates(report.epoch);
    // Before the validation, so that a failure in it costs no epoch.
    if (stopped || (validating && state_.batch > batches_before)) save_last();
    // An unfinished validation counts for nothing and is done again.
    if (validating) stopped = !validate(report);
    if (stopped) {
      notice("stopped: the state is saved, --resume continues from here");
      break;
    }
    ++state_.epoch;
    state_.batch = 0;
    state_.sums.clear();
    save(report);
    if (hooks_.epoch) hooks_.epoch(report);
    stopped = stopping();
  }
  const bool enough = state_.epoch >= config_.train.epochs;
  const bool impatient = !enough && out_of_patience();
  if (impatient)
    notice(concat("stopped: no better validation in ", state_.epoch - state_.best_epoch,
                  " epochs (train.patience)"));
  return {stopped && !enough && !impatient, state_.epoch, state_.best_iou, state_.best_epoch,
          impatient};
}

void Trainer::close() {
  const std::string warning = lock_ ? lock_->release() : "";
  if (!warning.empty()) notice(warning);
}

bool Trainer::train_epoch(EpochReport& report) {
  const auto start = Clock::now();
  model_.train();
  loader_.start_epoch(state_.epoch, state_.batch);
  report.n_views = loader_.n_views();
  const std::int64_t batches = loader_.batches();
  const auto steps_ahead =
      std::size_t(options_.steps_ahead.value_or(options_.device.is_cuda() ? 1 : 0));
  std::int64_t done_here = 0;
  // Also asked for are the last steps' results, after the last batch and when stopped.
  for (bool more = true; more || !pending_.empty();) {
    Batch batch;
    more = more && !stopping() && loader_.next(batch);
    if (more) begin_step(std::move(batch));
    if (pending_.size() <= (more ? steps_ahead : 0)) continue;
    finish_step();
    ++state_.batch;
    ++done_here;
    const double seconds = seconds_since(start);
    const double speed = double(done_here * config_.train.batch_size) / seconds;
    report.loss_merged = state_.sums["loss_merged"] / double(state_.batch);
    report.loss_refined = state_.sums["loss_refined"] / double(state_.batch);
    report.samples_per_second = speed;
    report.data_wait_share = loader_.wait_seconds() / seconds;
    const std::int64_t batches_left =
        (config_.train.epochs - state_.epoch) * batches - state_.batch;
    if (hooks_.step)
      hooks_.step({report.epoch, report.epochs, state_.batch, batches, report.loss_merged,
                   report.loss_refined, report.refined, speed, report.data_wait_share,
                   double(batches_left * config_.train.batch_size) / speed});
  }
  if (done_here == 0) {  // resumed after the epoch's last step
    report.loss_merged =
        state_.sums["loss_merged"] / double(std::max<std::int64_t>(1, state_.batch));
    report.loss_refined =
        state_.sums["loss_refined"] / double(std::max<std::int64_t>(1, state_.batch));
  }
  report.seconds = seconds_since(start);
  report.skipped_objects = std::int64_t(loader_.skipped().size());
  for (const SkippedObject& skipped : loader_.skipped()) notice("skipped: " + skipped.message);
  return state_.batch == batches;
}

void Trainer::begin_step(Batch batch) {
  const BatchUpload::Inputs inputs = upload_(batch);
  const std::int64_t n_views = batch.n_views;
  gradient_work_({inputs.images, inputs.volumes}, n_views,
                 [&] { compute_gradients(inputs, n_views); });
  set_learning_rates();
  optimizer_->step(report_.non_finite());
  if (average_) average_->update(model_.state());
  pending_.push_back({std::move(batch), Readback(report_.values())});
}

void Trainer::compute_gradients(const BatchUpload::Inputs& inputs, std::int64_t n_views) {
  optimizer_->zero_grad();
  report_.clear();
  const std::int64_t parts = config_.train.accumulate;
  std::vector<Tensor> results;
  for (std::int64_t part = 0; part < parts; ++part) {
    const Losses losses = losses_of_part(inputs, n_views, part);
    losses.total.backward();
    results.push_back(losses.total.value());
    const ElementwiseOps& ops = backend(options_.device).elementwise;
    ops.accumulate(losses.merged.value(), report_.loss_merged());
    if (losses.refined.defined()) ops.accumulate(losses.refined.value(), report_.loss_refined());
  }
  for (const auto& [name, parameter] : model_.parameters())
    if (parameter.grad().defined()) results.push_back(parameter.grad());
  backend(options_.device).reduce.flag_non_finite(results, report_.non_finite());
}

Losses Trainer::losses_of_part(const BatchUpload::Inputs& inputs, std::int64_t n_views,
                               std::int64_t part) {
  const std::int64_t parts = config_.train.accumulate;
  const Prediction prediction =
      model_.forward(images_of_part(inputs.images, n_views, part, parts), n_views);
  return training_losses(prediction, volumes_of_part(inputs.volumes, part, parts), config_.train);
}

void Trainer::finish_step() {
  PendingStep step = std::move(pending_.front());
  pending_.pop_front();
  const StepReport::Values report = StepReport::read(step.report.get());
  if (report.non_finite) report_anomaly(step.batch);
  state_.sums["loss_merged"] += report.loss_merged;
  state_.sums["loss_refined"] += report.loss_refined;
}

void Trainer::report_anomaly(const Batch& batch) {
  const std::string place =
      concat("training stopped in epoch ", state_.epoch + 1, ", batch ", state_.batch + 1,
             ", before the weights changed; the last checkpoint is good. ");
  // The same batch gives the same numbers again, this time with every result looked at.
  try {
    const FiniteCheck finite;
    const BatchUpload::Inputs inputs = upload_(batch);
    for (std::int64_t part = 0; part < config_.train.accumulate; ++part)
      losses_of_part(inputs, batch.n_views, part).total.backward();
  } catch (const Error& error) {
    fail(place, error.what(), ". Try a lower train.learning_rate");
  }
  for (const auto& [name, tensor] : model_.state())
    check(tensor.dtype() == DType::i64 || backend(options_.device).reduce.all_finite(tensor), place,
          name, " holds a NaN or an infinity");
  fail(place, "A loss or gradient was NaN or infinite");
}

bool Trainer::validate(EpochReport& report) {
  Config config = config_;
  config.test.n_views = config_.train.n_views;  // the same every epoch, so that epochs compare
  EvaluationHooks hooks;
  hooks.progress = hooks_.validating;
  hooks.stop = [this] { return stopping(); };
  constexpr std::int64_t kShown = 4;
  SampleCollector samples(validation_->size(), kShown);
  ThresholdSearch search;
  hooks.predicted = [&](const Batch& batch, const Tensor& volumes) {
    samples.add(batch, volumes);
    const std::int64_t count = volumes.numel() / batch.size;
    for (std::int64_t b = 0; b < batch.size; ++b)
      search.add(batch.objects[std::size_t(b)], volumes.data<float>() + b * count,
                 batch.volumes.data<float>() + b * count, count);
  };
  LoaderOptions options = testing_loader(config);
  options.batch_size = std::min<std::int64_t>(config_.train.batch_size, validation_->size());
  options.skip_bad = config_.data.skip_bad / 100;
  const AveragedWeights averaged(average_ ? &*average_ : nullptr, model_.state());
  const Evaluation evaluation =
      evaluate(model_, *validation_, options, config_.test.thresholds, hooks);
  report.validation = evaluation.iou;
  report.validation_loss_merged = evaluation.loss_merged;
  report.validation_loss_refined = evaluation.loss_refined;
  if (stopping()) return false;
  for (const SkippedObject& skipped : evaluation.skipped)
    notice("left out of the validation: " + skipped.message);
  report.threshold = threshold_ = search.best().first;
  category_thresholds_ = search.by_category();
  const double iou = evaluation.iou.mean_over_thresholds();
  if (state_.best_epoch == 0 || iou > state_.best_iou) {
    state_.best_iou = iou;
    state_.best_epoch = report.epoch;
    report.best = true;
  }
  keep_samples(report.epoch, samples);
  return true;
}

// Drawing never stops a training.
void Trainer::keep_samples(std::int64_t epoch, const SampleCollector& samples) {
  if (samples.empty()) return;
  const std::filesystem::path folder = RunFolder{options_.out}.samples();
  try {
    if (!sample_objects_kept_)
      write_sample_objects(folder, samples.objects(), samples.inputs(), samples.truth());
    sample_objects_kept_ = true;
    write_sample_volumes(folder, epoch, samples.volumes());
    write_png(sample_sheet(samples.inputs(), samples.volumes(), samples.truth(), threshold_),
              folder / concat("epoch_", epoch, ".png"));
  } catch (const std::exception& error) {
    notice(concat("no sample picture: ", error.what()));
  }
}

Checkpoint Trainer::snapshot(bool with_training) const {
  Checkpoint checkpoint;
  checkpoint.config = config_;
  checkpoint.model = on_host(average_ ? average_->state() : model_.state());
  checkpoint.threshold = threshold_;
  checkpoint.category_thresholds = category_thresholds_;
  if (with_training) {
    checkpoint.training = state_;
    if (average_) checkpoint.training->averaged = {on_host(model_.state()), average_->updates()};
    for (const auto& [name, tensor] : optimizer_->state())
      checkpoint.training->optimizer_state.push_back({name, tensor.to(Device::cpu())});
  }
  return checkpoint;
}

void Trainer::save(const EpochReport& report) {
  const RunFolder folder{options_.out};
  std::vector<std::pair<std::string, double>> rates;
  const std::vector<std::string> parts = model_.part_names();
  for (std::size_t i = 0; i < parts.size(); ++i)
    rates.emplace_back(parts[i], optimizer_->learning_rates()[i]);
  put_metrics(folder.metrics(), metrics_row(report, config_.test.thresholds, rates));
  const MetricsRow categories = categories_row(report);
  if (!categories.empty()) put_metrics(folder.categories(), categories);
  // last.h5 comes at the end: whoever resumes from it can count on the others.
  if (report.best || !validation_) save_checkpoint(folder.best(), snapshot(false));
  if (config_.train.save_every > 0 && report.epoch % config_.train.save_every == 0)
    save_checkpoint(folder.epoch(report.epoch), snapshot(false));
  save_last();
}

void Trainer::save_last() const {
  save_last_checkpoint(RunFolder{options_.out}.checkpoints(), snapshot(true));
}

}  // namespace voxgrad
