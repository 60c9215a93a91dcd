#include "pix2vox/training/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sstream>

#include "io/file.h"
#include "layers/init.h"
#include "pix2vox/data/open_dataset.h"
#include "pix2vox/weights/weights.h"
#include "tensor/ops/backend.h"
#include "voxels/image/image.h"

namespace voxgrad {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::unique_ptr<Optimizer> make_optimizer(const Pix2Vox& model, const Config& config) {
  const TrainConfig& train = config.train;
  const std::vector<std::string> parts = model.part_names();
  std::vector<ParameterEntry> parameters;
  for (const auto& [name, variable] : model.parameters()) {
    if (!variable.requires_grad()) continue;
    const auto part = std::ranges::find(parts, name.substr(0, name.find('.')));
    parameters.push_back({name, variable, std::size_t(part - parts.begin())});
  }
  check<ConfigError>(!parameters.empty(), "train.freeze leaves nothing to train");
  std::vector<double> rates;
  rates.reserve(parts.size());
  for (const std::string& part : parts) rates.push_back(train.learning_rate.of(part));
  if (train.optimizer == "sgd")
    return make_sgd(std::move(parameters), std::move(rates), train.momentum);
  return make_adam(std::move(parameters), std::move(rates), {train.betas[0], train.betas[1]});
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

}  // namespace

Trainer::Trainer(const Config& config, const Dataset& train, const Dataset* validation,
                 const TrainingOptions& options, TrainingHooks hooks)
    : config_(config),
      options_(options),
      hooks_(std::move(hooks)),
      validation_(validation),
      model_(config.model),
      loader_(train, loader_for(config, options.device)),
      upload_(options.device, precision_from(config.train.precision)),
      report_(options.device),
      gradient_work_(options.device) {
  const RunFolder folder{options_.out};
  check<ConfigError>(
      options_.resume || !folder.has_run(), options_.out.string(),
      " already holds a run: add --resume to go on with it, or choose another --out");
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
  const std::string yaml = to_yaml(config_);
  write_file_atomically(folder.config(),
                        {reinterpret_cast<const std::uint8_t*>(yaml.data()), yaml.size()});
}

void Trainer::start_fresh() {
  initialize(model_, config_.train.seed);
  if (config_.model.vgg_init != "random") {
    std::vector<std::string> notes;
    model_.load_trunk(load_any_tensors(config_.model.vgg_init, notes));
  }
  if (!config_.train.weights.empty()) {
    const Checkpoint start = load_weights(config_.train.weights).checkpoint;
    check_same_network(start.config.model, config_.model, config_.train.weights);
    model_.load_state(start.model);
    threshold_ = start.threshold;
  }
  optimizer_ = make_optimizer(model_, config_);
}

void Trainer::resume() {
  const LastCheckpoint last = load_last_checkpoint(RunFolder{options_.out}.checkpoints());
  if (!last.warning.empty() && hooks_.notice) hooks_.notice(last.warning);
  const Checkpoint& checkpoint = last.checkpoint;
  check_same_network(checkpoint.config.model, config_.model, last.file);
  check(checkpoint.training.has_value(), last.file.string(),
        ": holds weights alone, nothing to resume");
  state_ = *checkpoint.training;
  check<ConfigError>(state_.optimizer == config_.train.optimizer, last.file.string(),
                     ": was trained with ", state_.optimizer, ", the configuration says ",
                     config_.train.optimizer);
  check<ConfigError>(state_.seed == config_.train.seed, last.file.string(),
                     ": was trained with seed ", state_.seed, ", the configuration says ",
                     config_.train.seed);
  check_same_recipe(checkpoint.config, last.file);
  model_.load_state(checkpoint.model);
  optimizer_ = make_optimizer(model_, config_);
  optimizer_->load_state(state_.optimizer_state);
  state_.optimizer_state.clear();
  threshold_ = checkpoint.threshold;
}

void Trainer::check_same_recipe(const Config& before, const std::filesystem::path& file) const {
  const TrainConfig &was = before.train, &now = config_.train;
  // Half an epoch of one kind cannot be finished as another: its batches would be other objects.
  check<ConfigError>(
      state_.batch == 0 || (was.batch_size == now.batch_size && was.n_views == now.n_views &&
                            was.random_n_views == now.random_n_views),
      file.string(), ": stopped within an epoch of train.batch_size ", was.batch_size,
      " and train.n_views ", was.n_views, ", which must stay until the epoch is done");
  TrainConfig comparable = was;
  comparable.epochs = now.epochs;  // training longer is what resuming is for
  if (!(comparable == now && before.data.transform == config_.data.transform) && hooks_.notice)
    hooks_.notice(
        "warning: the settings of train, or of pictures in data, differ from those the run began "
        "with");
}

void Trainer::set_learning_rates() {
  const TrainConfig& train = config_.train;
  std::vector<double> rates;
  for (const std::string& part : model_.part_names())
    rates.push_back(
        multi_step_lr(train.learning_rate.of(part), train.milestones, train.gamma, state_.epoch));
  optimizer_->set_learning_rates(std::move(rates));
}

TrainingOutcome Trainer::run() {
  bool stopped = stopping();
  while (!stopped && state_.epoch < config_.train.epochs) {
    EpochReport report;
    report.epoch = state_.epoch + 1;
    report.epochs = config_.train.epochs;
    set_learning_rates();
    stopped = !train_epoch(report);
    // An unfinished validation counts for nothing and is done again.
    if (!stopped && validation_) stopped = !validate(report);
    if (!stopped) {
      ++state_.epoch;
      state_.batch = 0;
      state_.sums.clear();
      save(report);
      if (hooks_.epoch) hooks_.epoch(report);
      stopped = stopping();
    } else {
      save_last_checkpoint(RunFolder{options_.out}.checkpoints(), snapshot(true));
      if (hooks_.notice) hooks_.notice("stopped: the state is saved, --resume goes on from here");
    }
  }
  return {stopped && state_.epoch < config_.train.epochs, state_.epoch, state_.best_iou,
          state_.best_epoch};
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
                   report.loss_refined, speed, report.data_wait_share,
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
  for (const SkippedObject& skipped : loader_.skipped())
    if (hooks_.notice) hooks_.notice("skipped: " + skipped.message);
  return state_.batch == batches;
}

void Trainer::begin_step(Batch batch) {
  const BatchUpload::Inputs inputs = upload_(batch);
  const std::int64_t n_views = batch.n_views;
  gradient_work_({inputs.images, inputs.volumes}, n_views,
                 [&] { compute_gradients(inputs, n_views); });
  optimizer_->step(report_.non_finite());
  pending_.push_back({std::move(batch), Readback(report_.values())});
}

void Trainer::compute_gradients(const BatchUpload::Inputs& inputs, std::int64_t n_views) {
  optimizer_->zero_grad();
  report_.clear();
  const Prediction prediction = model_.forward(inputs.images, n_views);
  const Losses losses = Pix2Vox::losses(prediction, inputs.volumes);
  losses.total.backward();
  std::vector<Tensor> results{losses.total.value()};
  for (const auto& [name, parameter] : model_.parameters())
    if (parameter.grad().defined()) results.push_back(parameter.grad());
  report_.loss_merged().copy_from(losses.merged.value());
  if (losses.refined.defined()) report_.loss_refined().copy_from(losses.refined.value());
  backend(options_.device).reduce.flag_non_finite(results, report_.non_finite());
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
    const auto [images, volumes] = upload_(batch);
    Pix2Vox::losses(model_.forward(images, batch.n_views), volumes).total.backward();
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
  Image sheet;
  hooks.predicted = [&](const Batch& batch, const Tensor& volumes) {
    // The first objects of the split, the same ones after every epoch.
    constexpr std::int64_t kShown = 4;
    if (!sheet.pixels.empty()) return;
    const std::int64_t shown = std::min(kShown, batch.size);
    sheet = sample_sheet(batch.first_images(shown), volumes.slice(0, shown),
                         batch.volumes.slice(0, shown), threshold_);
  };
  LoaderOptions options = testing_loader(config);
  options.batch_size = std::min<std::int64_t>(config_.train.batch_size, validation_->size());
  const Evaluation evaluation =
      evaluate(model_, *validation_, options, config_.test.thresholds, hooks);
  report.validation = evaluation.iou;
  report.validation_loss_merged = evaluation.loss_merged;
  report.validation_loss_refined = evaluation.loss_refined;
  if (stopping()) return false;
  report.threshold = threshold_ = evaluation.iou.best().first;
  const double iou = evaluation.iou.mean_over_thresholds();
  if (state_.best_epoch == 0 || iou > state_.best_iou) {
    state_.best_iou = iou;
    state_.best_epoch = report.epoch;
    report.best = true;
  }
  // Drawing never stops a training.
  try {
    write_png(sheet, RunFolder{options_.out}.samples() / concat("epoch_", report.epoch, ".png"));
  } catch (const std::exception& error) {
    if (hooks_.notice) hooks_.notice(concat("no sample picture: ", error.what()));
  }
  return true;
}

Checkpoint Trainer::snapshot(bool with_training) const {
  Checkpoint checkpoint;
  checkpoint.config = config_;
  checkpoint.model = on_host(model_.state());
  checkpoint.threshold = threshold_;
  if (with_training) {
    checkpoint.training = state_;
    for (const auto& [name, tensor] : optimizer_->state())
      checkpoint.training->optimizer_state.push_back({name, tensor.to(Device::cpu())});
  }
  return checkpoint;
}

void Trainer::save(const EpochReport& report) {
  const RunFolder folder{options_.out};
  write_metrics(report);
  // last.h5 comes at the end: whoever resumes from it can count on the others.
  if (report.best || !validation_) save_checkpoint(folder.best(), snapshot(false));
  if (config_.train.save_every > 0 && report.epoch % config_.train.save_every == 0)
    save_checkpoint(folder.epoch(report.epoch), snapshot(false));
  save_last_checkpoint(folder.checkpoints(), snapshot(true));
}

void Trainer::write_metrics(const EpochReport& report) const {
  std::ostringstream header, row;
  header << "epoch,n_views,loss_merged,loss_refined,validation_loss_merged,validation_loss_refined";
  row << report.epoch << ',' << report.n_views << ',' << report.loss_merged << ','
      << report.loss_refined << ',' << report.validation_loss_merged << ','
      << report.validation_loss_refined;
  const std::vector<double> iou = report.validation.overall().mean;
  for (std::size_t i = 0; i < config_.test.thresholds.size(); ++i) {
    header << ",iou_at_" << config_.test.thresholds[i];
    row << ',';
    if (i < iou.size()) row << iou[i];
  }
  header << ",mean_iou,seconds,samples_per_second,data_wait_share,skipped_objects";
  row << ',' << report.validation.mean_over_thresholds() << ',' << report.seconds << ','
      << report.samples_per_second << ',' << report.data_wait_share << ','
      << report.skipped_objects;
  append_metrics(RunFolder{options_.out}.metrics(), header.str(), report.epoch, row.str());
}

}  // namespace voxgrad
