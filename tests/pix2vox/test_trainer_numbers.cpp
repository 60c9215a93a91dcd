// What a training computes and reports, compared with the same things computed another way: a loop
// of forward, backward and optimizer written out here.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "pix2vox/data/open_dataset.h"
#include "pix2vox/evaluation/threshold_search.h"
#include "tests/pix2vox/small_run.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

// Two steps per epoch, all parts with rates and all options unlike the defaults.
Config unlike_config() {
  Config config = small_config();
  config.train.epochs = 2;
  config.train.random_n_views = false;
  config.train.betas = {0.5, 0.9};
  config.train.momentum = 0.5;
  config.train.learning_rate = {.encoder = 1e-3, .decoder = 2e-3, .merger = 3e-3, .refiner = 4e-3};
  config.train.milestones = {1};
  config.train.gamma = 0.25;
  return config;
}

struct Reference {
  std::shared_ptr<Pix2Vox> model;
  std::vector<std::array<double, 2>> losses;  // of each step: merged, refined
};

double base_rate(const std::string& parameter) {
  return parameter.starts_with("encoder")   ? 1e-3
         : parameter.starts_with("decoder") ? 2e-3
         : parameter.starts_with("merger")  ? 3e-3
                                            : 4e-3;
}

/// `update(model, factor)` is an optimizer's step at `factor` times the rates above.
template <class Update>
Reference train_by_hand(const Config& config, const Dataset& data, const Update& update) {
  Reference reference{std::make_shared<Pix2Vox>(config.model), {}};
  Pix2Vox& model = *reference.model;
  initialize(model, config.train.seed);
  model.train();
  Loader loader(data, training_loader(config));
  for (std::int64_t epoch = 0; epoch < config.train.epochs; ++epoch) {
    loader.start_epoch(epoch);
    for (Batch batch; loader.next(batch);) {
      for (auto& [name, parameter] : model.parameters()) parameter.zero_grad();
      const Losses losses =
          Pix2Vox::losses(model.forward(batch.images, batch.n_views), batch.volumes);
      losses.total.backward();
      update(model, epoch >= 1 ? 0.25 : 1.0);
      reference.losses.push_back({losses.merged.value().item(), losses.refined.value().item()});
    }
  }
  return reference;
}

void check_same_parameters(const Pix2Vox& expected, const Checkpoint& trained, double tolerance) {
  const std::vector<NamedTensor> want = expected.state();
  REQUIRE(want.size() == trained.model.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    CAPTURE(want[i].name);
    if (want[i].tensor.dtype() == DType::i64 || tolerance == 0)
      CHECK(identical(want[i].tensor, trained.model[i].tensor));
    else
      CHECK(max_relative_error(trained.model[i].tensor, want[i].tensor) <= tolerance);
  }
}

}  // namespace

TEST_CASE("a training is the loop of steps that its configuration describes") {
  const Config config = unlike_config();
  Run run;
  std::unique_ptr<Optimizer> adam;
  const Reference expected = train_by_hand(config, run.train, [&](Pix2Vox& model, double factor) {
    std::vector<ParameterEntry> parameters;
    for (auto& [name, variable] : model.parameters())
      if (variable.requires_grad())
        parameters.push_back({name, variable,
                              name.starts_with("encoder")   ? 3u
                              : name.starts_with("decoder") ? 2u
                              : name.starts_with("merger")  ? 1u
                                                            : 0u});
    const std::vector<double> rates{4e-3, 3e-3, 2e-3, 1e-3};
    if (!adam) adam = make_adam(parameters, rates, {.beta1 = 0.5, .beta2 = 0.9});
    std::vector<double> now;
    for (const double rate : rates) now.push_back(rate * factor);
    adam->set_learning_rates(now);
    adam->step();
  });

  std::vector<std::array<double, 2>> shown;
  TrainingHooks hooks;
  hooks.step = [&](const TrainingProgress& progress) {
    shown.push_back({progress.loss_merged, progress.loss_refined});
  };
  run.go(config, false, nullptr, hooks);
  check_same_parameters(*expected.model, run.last(), 0);

  // 13 objects make 3 batches of 4. What is shown are running means of the epoch.
  REQUIRE(expected.losses.size() == 6);
  REQUIRE(shown.size() == 6);
  for (const std::size_t kind : {0, 1}) {
    const char* column = kind == 0 ? "loss_merged" : "loss_refined";
    for (std::size_t epoch = 0; epoch < 2; ++epoch) {
      double sum = 0;
      for (std::size_t step = 0; step < 3; ++step) {
        sum += expected.losses[3 * epoch + step][kind];
        CHECK(shown[3 * epoch + step][kind] == doctest::Approx(sum / double(step + 1)));
      }
      CHECK(metric(run.files(), column)[epoch] == doctest::Approx(sum / 3).epsilon(1e-5));
    }
    CHECK(std::abs(expected.losses[0][0] - expected.losses[0][1]) > 1e-3);
  }
}

TEST_CASE("SGD moves each part at its own rate, with momentum") {
  Config config = unlike_config();
  config.train.optimizer = "sgd";
  Run run;
  std::map<std::string, std::vector<double>> buffers;
  const Reference expected = train_by_hand(config, run.train, [&](Pix2Vox& model, double factor) {
    for (auto& [name, variable] : model.parameters()) {
      if (!variable.grad().defined()) continue;
      float* const value = variable.value().data<float>();
      const float* const gradient = variable.grad().data<float>();
      std::vector<double>& buffer = buffers[name];
      buffer.resize(std::size_t(variable.value().numel()));
      for (std::size_t i = 0; i < buffer.size(); ++i) {
        buffer[i] = 0.5 * buffer[i] + double(gradient[i]);
        value[i] -= float(base_rate(name) * factor * buffer[i]);
      }
    }
  });
  run.go(config);
  check_same_parameters(*expected.model, run.last(), 1e-4);
}

TEST_CASE("the best checkpoint is that of the epoch with the highest mean IoU") {
  Config config = small_config();
  config.train.epochs = 6;
  config.train.save_every = 1;
  config.train.milestones = {};
  config.train.learning_rate = {.encoder = 2e-2, .decoder = 2e-2, .merger = 2e-2, .refiner = 2e-2};
  config.test.thresholds = {0.15, 0.45, 0.55};
  Run run;
  std::vector<EpochReport> reports;
  TrainingHooks hooks;
  Pix2Vox* model = nullptr;
  hooks.epoch = [&](const EpochReport& report) {
    reports.push_back(report);
    if (report.epoch != 4) return;  // what it learnt is lost here, so that the last is not the best
    for (auto& [name, parameter] : model->parameters())
      if (!name.starts_with("encoder")) parameter.value().fill(0);
  };
  Trainer trainer(config, run.train, &run.validation,
                  {run.folder / "run", false, Device::cpu(), nullptr}, hooks);
  model = &trainer.model();
  const TrainingOutcome outcome = trainer.run();

  const std::vector<double> mean = metric(run.files(), "mean_iou");
  std::vector<std::vector<double>> at;
  for (const char* column : {"iou_at_0.15", "iou_at_0.45", "iou_at_0.55"})
    at.push_back(metric(run.files(), column));
  for (std::size_t e = 0; e < mean.size(); ++e)
    CHECK(mean[e] == doctest::Approx((at[0][e] + at[1][e] + at[2][e]) / 3).epsilon(1e-4).scale(0));
  const auto best = std::ranges::max_element(mean);
  const auto epoch = std::size_t(best - mean.begin());
  REQUIRE(epoch > 0);  // neither the first nor the last: those two could be kept by mistake
  REQUIRE(epoch + 1 < mean.size());
  CHECK(outcome.best_epoch == std::int64_t(epoch) + 1);
  CHECK(outcome.best_iou == doctest::Approx(*best).epsilon(1e-5));
  CHECK(run.last().training->best_iou == outcome.best_iou);

  const Checkpoint kept = load_checkpoint(run.files().best());
  const Checkpoint numbered = load_checkpoint(run.files().epoch(outcome.best_epoch));
  for (std::size_t i = 0; i < kept.model.size(); ++i)
    CHECK(identical(kept.model[i].tensor, numbered.model[i].tensor));

  // The threshold is chosen anew in each validation, out of more than the reported ones.
  for (std::size_t e = 0; e < mean.size(); ++e) {
    const Checkpoint saved = load_checkpoint(run.files().epoch(std::int64_t(e) + 1));
    CHECK(saved.threshold == reports[e].threshold);
    CHECK(saved.category_thresholds.size() == reports[e].validation.categories().size());
    CHECK(std::ranges::find(ThresholdSearch().thresholds(), saved.threshold) !=
          ThresholdSearch().thresholds().end());
  }
  CHECK(kept.threshold == reports[epoch].threshold);
}

TEST_CASE("a threshold found before a stop is there after it") {
  Config config = small_config();
  config.test.thresholds = {0.15, 0.55};
  Run run;
  std::atomic<bool> stop{false};
  TrainingHooks hooks;
  hooks.epoch = [&](const EpochReport&) { stop = true; };
  CHECK(run.go(config, false, &stop, hooks).interrupted);
  const double found = run.last().threshold;
  CHECK_FALSE(run.last().category_thresholds.empty());

  stop = false;
  hooks.epoch = {};
  hooks.step = [&](const TrainingProgress&) { stop = true; };  // before the next validation
  CHECK(run.go(config, true, &stop, hooks).interrupted);
  CHECK(run.last().threshold == found);
  CHECK_FALSE(run.last().category_thresholds.empty());
}
