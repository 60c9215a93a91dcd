#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "pix2vox/data/open_dataset.h"
#include "tests/pix2vox/small_run.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

bool same(const Checkpoint& a, const Checkpoint& b) {
  const auto& slots_a = a.training->optimizer_state;
  const auto& slots_b = b.training->optimizer_state;
  if (a.model.size() != b.model.size() || slots_a.size() != slots_b.size()) return false;
  for (std::size_t i = 0; i < a.model.size(); ++i)
    if (a.model[i].name != b.model[i].name || !identical(a.model[i].tensor, b.model[i].tensor))
      return false;
  for (std::size_t i = 0; i < slots_a.size(); ++i)
    if (!identical(slots_a[i].tensor, slots_b[i].tensor)) return false;
  return a.training->best_iou == b.training->best_iou && a.threshold == b.threshold;
}

// The columns of metrics.csv that do not measure time: all up to the mean IoU.
std::vector<std::string> results_in(const std::filesystem::path& metrics) {
  std::vector<std::string> lines = lines_of(metrics);
  const std::string header = lines.at(0);
  const auto columns =
      1 + std::count(header.begin(), header.begin() + std::ptrdiff_t(header.find("mean_iou")), ',');
  for (std::string& line : lines) {
    std::size_t end = 0;
    for (std::ptrdiff_t i = 0; i < columns; ++i) end = line.find(',', end) + 1;
    line.resize(end);
  }
  return lines;
}

}  // namespace

TEST_CASE("training lowers the loss and leaves a complete run folder") {
  Config config = small_config();
  config.train.epochs = 12;
  config.train.learning_rate = {.encoder = 5e-3, .decoder = 5e-3, .merger = 5e-4, .refiner = 5e-3};
  Run run;
  std::vector<double> losses;
  TrainingHooks hooks;
  hooks.epoch = [&](const EpochReport& report) {
    losses.push_back(report.loss_merged + report.loss_refined);
  };
  const TrainingOutcome outcome = run.go(config, false, nullptr, hooks);
  CHECK_FALSE(outcome.interrupted);
  CHECK(outcome.epochs == 12);
  CHECK(outcome.best_epoch >= 1);
  CHECK(losses.back() < 0.9 * losses.front());
  const RunFolder folder{run.folder / "run"};
  for (const auto& file : {folder.config(), folder.metrics(), folder.best(), folder.epoch(2),
                           folder.samples() / "epoch_1.png"})
    CHECK_MESSAGE(exists(file), file.string());
  CHECK_FALSE(exists(folder.epoch(1)));
  CHECK(load_config(folder.config()) == config);
}

TEST_CASE("stopped after any step and resumed, training ends with the same bits") {
  const Config config = small_config();
  Run whole;
  whole.go(config);
  const Checkpoint expected = whole.last();
  for (int stop_after = 1; stop_after <= 11; stop_after += 5) {
    CAPTURE(stop_after);
    Run run;
    std::atomic<bool> stop{false};
    int steps = 0;
    TrainingHooks hooks;
    hooks.step = [&](const TrainingProgress&) { stop = ++steps >= stop_after; };
    CHECK(run.go(config, false, &stop, hooks).interrupted);
    CHECK_FALSE(run.go(config, true).interrupted);
    CHECK(same(run.last(), expected));
    CHECK(results_in(run.folder / "run" / "metrics.csv") ==
          results_in(whole.folder / "run" / "metrics.csv"));
  }
}

TEST_CASE(
    "steps asked for ahead change neither results nor reports, and are finished when stopped") {
  const Config config = small_config();
  Run whole;
  whole.go(config);
  const std::vector<std::string> expected = results_in(whole.folder / "run" / "metrics.csv");
  for (const std::int64_t steps_ahead : {1, 2}) {
    CAPTURE(steps_ahead);
    Run run;
    std::atomic<bool> stop{false};
    int steps = 0;
    TrainingHooks hooks;
    hooks.step = [&](const TrainingProgress& progress) {
      CHECK(progress.batch == steps % progress.batches + 1);
      if (++steps == 4) stop = true;
    };
    CHECK(run.go(config, false, &stop, hooks, steps_ahead).interrupted);
    hooks.step = {};
    CHECK_FALSE(run.go(config, true, nullptr, hooks, steps_ahead).interrupted);
    CHECK(same(run.last(), whole.last()));
    CHECK(results_in(run.folder / "run" / "metrics.csv") == expected);
  }
}

TEST_CASE("the number of loader threads does not change the result") {
  Config config = small_config();
  std::vector<Checkpoint> results;
  for (const int threads : {1, 4}) {
    config.data.loader_threads = threads;
    Run run;
    run.go(config);
    results.push_back(run.last());
  }
  CHECK(same(results[0], results[1]));
}

TEST_CASE("another seed gives another result") {
  Config config = small_config();
  config.train.epochs = 1;
  Run first, second;
  first.go(config);
  config.train.seed = 1;
  second.go(config);
  CHECK_FALSE(same(first.last(), second.last()));
}

TEST_CASE("a finished run resumes to nothing, and to more epochs") {
  Config config = small_config();
  Run longer;
  longer.go(config);
  config.train.epochs = 3;
  Run run;
  run.go(config);
  CHECK(run.go(config, true).epochs == 3);
  config.train.epochs = 4;
  CHECK(run.go(config, true).epochs == 4);
  CHECK(same(run.last(), longer.last()));
}

TEST_CASE("a run folder is not overwritten") {
  Config config = small_config();
  config.train.epochs = 1;
  Run run;
  CHECK_THROWS_WITH_AS(run.go(config, true), doctest::Contains("holds no run to resume"),
                       ConfigError);
  run.go(config);
  CHECK_THROWS_WITH_AS(run.go(config), doctest::Contains("add --resume"), ConfigError);
}

TEST_CASE("what a data set cannot give is said before training, with what helps") {
  class FewViews : public ToyDataset {
   public:
    using ToyDataset::ToyDataset;
    int view_count(std::int64_t object) const override { return object == 2 ? 1 : 3; }
  };
  Config config = small_config();
  const FewViews data(5, 8);
  CHECK_THROWS_WITH_AS(check_training_fits(config, data),
                       doctest::Contains("train.n_views is 2, but 0/object2 has 1 views"),
                       ConfigError);
  config.test.n_views = 2;
  CHECK_THROWS_WITH_AS(check_testing_fits(config, data), doctest::Contains("0/object2"),
                       ConfigError);
  config.data.skip_bad = 50;
  CHECK_NOTHROW(check_training_fits(config, data));
  config.train.n_views = 4;
  CHECK_THROWS_WITH_AS(check_training_fits(config, data), doctest::Contains("ask for at most 3"),
                       ConfigError);
  config = small_config();
  const ToyDataset good(5, 8), other_edge(100, 16);
  CHECK_NOTHROW(check_training_fits(config, good, &good));
  CHECK_THROWS_WITH_AS(check_training_fits(config, good, &data),
                       doctest::Contains("0/object2 has 1 views"), ConfigError);
  CHECK_THROWS_WITH_AS(check_training_fits(config, good, &other_edge),
                       doctest::Contains("volume of 16^3 voxels, the model has 8^3"), DataError);
  CHECK_THROWS_WITH_AS(check_training_fits(config, other_edge), doctest::Contains("16^3"),
                       DataError);
  CHECK_THROWS_WITH_AS(check_training_fits(config, ToyDataset(3, 8)),
                       doctest::Contains("train.batch_size=2"), ConfigError);
  CHECK_THROWS_WITH_AS(check_training_fits(config, ToyDataset(1, 8)),
                       doctest::Contains("add objects"), ConfigError);
}

TEST_CASE("two trainings never share a run's folder") {
  Run run;
  const auto train = [&](bool resume) {
    return std::make_unique<Trainer>(
        small_config(), run.train, nullptr,
        TrainingOptions{run.folder / "run", resume, Device::cpu(), nullptr});
  };
  auto first = train(false);
  CHECK_THROWS_WITH_AS(train(false), doctest::Contains("in use by another training"), ConfigError);
  first->run();
  CHECK_THROWS_WITH_AS(train(true), doctest::Contains("in use by another training"), ConfigError);
  first.reset();
  CHECK_NOTHROW(train(true));
}

TEST_CASE("a NaN stops the run before the weights change and names the layer") {
  Config config = small_config();
  config.train.epochs = 1;
  Run run;
  Trainer trainer(config, run.train, nullptr, {run.folder / "run", false, Device::cpu(), nullptr});
  for (auto& [name, tensor] : trainer.model().state())
    if (name == "decoder.layer2.0.weight")
      tensor.data<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(trainer.run(),
                       doctest::Contains("forward of decoder.layer2.0/conv_transpose3d"), Error);
  CHECK_FALSE(exists(run.folder / "run" / "checkpoints" / "last.h5"));
}

TEST_CASE("a NaN spoils no weights either where steps are asked for ahead") {
  Config config = small_config();
  config.train.epochs = 1;
  Run run;
  Trainer trainer(config, run.train, nullptr,
                  {run.folder / "run", false, Device::cpu(), nullptr, 2});
  std::vector<NamedTensor> before;
  for (auto& [name, variable] : trainer.model().parameters()) {
    if (name == "decoder.layer2.0.weight")
      variable.value().data<float>()[0] = std::numeric_limits<float>::quiet_NaN();
    else
      before.push_back({name, variable.value().clone()});
  }
  CHECK_THROWS_WITH_AS(trainer.run(), doctest::Contains("batch 1, before the weights changed"),
                       Error);
  std::size_t i = 0;
  for (auto& [name, variable] : trainer.model().parameters())
    if (name != "decoder.layer2.0.weight")
      CHECK_MESSAGE(identical(before[i++].tensor, variable.value()), name);
}

TEST_CASE("the second stage leaves frozen parts alone and trains the merger") {
  Config config = small_config();
  config.train.epochs = 2;
  Run first;
  first.go(config);
  config.train.freeze = {"encoder", "decoder"};
  config.train.weights = (first.folder / "run" / "checkpoints" / "best.h5").string();
  const std::vector<NamedTensor> before =
      load_checkpoint(config.train.weights, CheckpointPart::weights).model;
  Run second;
  second.go(config);
  const std::vector<NamedTensor> after = second.last().model;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::string& name = before[i].name;
    if (!name.ends_with("0.weight")) continue;
    const bool frozen = name.starts_with("encoder") || name.starts_with("decoder");
    if (frozen || name == "merger.layer1.0.weight")
      CHECK_MESSAGE(identical(before[i].tensor, after[i].tensor) == frozen, name);
  }
}
