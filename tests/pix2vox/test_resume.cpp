// Interruptions that cost nothing, and resuming as the same training or not at all.
#include <doctest/doctest.h>

#include <algorithm>

#include "pix2vox/data/open_dataset.h"
#include "tests/pix2vox/small_run.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

// A run whose steps, messages and data can be watched and changed.
struct WatchedRun : Run {
  std::vector<std::string> notices;
  std::int64_t steps = 0;
  std::atomic<bool> stop{false};

  TrainingHooks hooks() {
    TrainingHooks hooks;
    hooks.notice = [this](const std::string& text) { notices.push_back(text); };
    hooks.step = [this](const TrainingProgress&) { ++steps; };
    return hooks;
  }
  TrainingOutcome train_on(const Config& config, bool resume, const Dataset& data,
                           const Dataset* validating) {
    notices.clear();
    steps = 0;
    Trainer trainer(config, data, validating, {folder / "run", resume, Device::cpu(), &stop, 0},
                    hooks());
    return trainer.run();
  }
  TrainingOutcome start(const Config& config) {
    return train_on(config, false, train, &validation);
  }
  TrainingOutcome go_on(const Config& config) { return train_on(config, true, train, &validation); }
  bool told(const std::string& part) const {
    return std::ranges::any_of(
        notices, [&](const std::string& text) { return text.find(part) != std::string::npos; });
  }
};

// One whose pictures of some objects cannot be read, for as long as that is so.
struct Damaged : ToyDataset {
  using ToyDataset::ToyDataset;
  std::vector<std::int64_t> bad;
  Image view(std::int64_t object, int view) const override {
    if (std::ranges::find(bad, object) != bad.end())
      fail<DataError>(view_name(object, view), ": damaged");
    return ToyDataset::view(object, view);
  }
};

Config short_config(std::int64_t epochs) {
  Config config = small_config();
  config.train.epochs = epochs;
  config.train.n_views = 1;
  config.train.random_n_views = false;
  return config;
}

bool same_weights(const Checkpoint& a, const Checkpoint& b) {
  for (std::size_t i = 0; i < a.model.size(); ++i)
    if (!identical(a.model[i].tensor, b.model[i].tensor)) return false;
  return a.model.size() == b.model.size();
}

}  // namespace

TEST_CASE("a validation that fails costs no epoch") {
  const Config config = short_config(2);
  WatchedRun run;
  Damaged validation(5, 8);
  validation.bad = {3};
  CHECK_THROWS_WITH_AS(run.train_on(config, false, run.train, &validation),
                       doctest::Contains("damaged"), DataError);
  CHECK(run.steps == 3);
  CHECK(run.last().training->epoch == 0);
  CHECK(run.last().training->batch == 3);
  CHECK_FALSE(exists(run.files().metrics()));

  validation.bad.clear();  // mended
  CHECK(run.train_on(config, true, run.train, &validation).epochs == 2);
  CHECK(run.steps == 3);  // those of the second epoch alone
  WatchedRun whole;
  whole.train_on(config, false, whole.train, &validation);
  CHECK(same_weights(run.last(), whole.last()));
  CHECK(metric(run.files(), "loss_merged") == metric(whole.files(), "loss_merged"));
  CHECK(metric(run.files(), "mean_iou") == metric(whole.files(), "mean_iou"));
}

TEST_CASE("skip_bad leaves objects out of the validation too, and names them") {
  Config config = short_config(1);
  config.data.skip_bad = 20;
  WatchedRun run;
  Damaged validation(5, 8);
  validation.bad = {3};
  CHECK(run.train_on(config, false, run.train, &validation).epochs == 1);
  CHECK(run.told("left out of the validation: "));
  CHECK(run.told("object3"));
  validation.bad = {2, 3};
  WatchedRun too_many;
  CHECK_THROWS_AS(too_many.train_on(config, false, too_many.train, &validation), DataError);
}

TEST_CASE("each epoch's row tells how many objects were skipped") {
  Config config = short_config(2);
  config.data.skip_bad = 20;
  Damaged training(13, 8);
  training.bad = {4, 6};
  WatchedRun run;
  run.train_on(config, false, training, &run.validation);
  CHECK(metric(run.files(), "skipped_objects") == std::vector<double>{2, 2});
  const auto columns = columns_of(run.files().metrics());
  for (const char* name :
       {"epoch", "n_views", "loss_merged", "validation_loss_merged", "mean_iou",
        "learning_rate_decoder", "seconds", "samples_per_second", "data_wait_share", "time"}) {
    CAPTURE(name);
    CHECK(columns.contains(name));
  }
}

TEST_CASE("a resumed run keeps what it began with, or is refused by the key") {
  const Config config = short_config(1);
  WatchedRun run;
  run.start(config);
  const Checkpoint before = run.last();
  const auto refused = [&](const char* key, const auto& change) {
    Config other = config;
    other.train.epochs = 2;
    change(other);
    CHECK_THROWS_WITH_AS(run.go_on(other), doctest::Contains(key), ConfigError);
    CHECK(run.steps == 0);
  };
  refused("train.optimizer: adam in the run, sgd", [](Config& c) { c.train.optimizer = "sgd"; });
  refused("train.seed: 0 in the run, 9", [](Config& c) { c.train.seed = 9; });
  refused("data.crop_size", [](Config& c) { c.data.transform.crop = 0; });
  refused("train.freeze", [](Config& c) { c.train.freeze = {"encoder"}; });
  refused("model.", [](Config& c) { c.model.refiner_hidden = 9; });
  CHECK(same_weights(run.last(), before));
  CHECK(lines_of(run.files().metrics()).size() == 2);

  Config faster = config;
  faster.train.epochs = 2;
  faster.train.learning_rate.encoder = 0.5;
  run.go_on(faster);
  CHECK(run.told("train.learning_rate.encoder changes from 0.001 to 0.5"));
  CHECK(metric(run.files(), "learning_rate_encoder") == std::vector<double>{0.001, 0.5});
  CHECK(metric(run.files(), "learning_rate_merger") == std::vector<double>{1e-4, 1e-4});
}

TEST_CASE("within an epoch, the size of a batch stays") {
  Config config = short_config(2);
  WatchedRun run;
  TrainingHooks hooks = run.hooks();
  hooks.step = [&](const TrainingProgress&) { run.stop = true; };
  CHECK(run.go(config, false, &run.stop, hooks).interrupted);
  config.train.batch_size = 5;
  run.stop = false;
  CHECK_THROWS_WITH_AS(run.go_on(config), doctest::Contains("train.batch_size: 4 in the run, 5"),
                       ConfigError);
  config.train.batch_size = 4;
  CHECK(run.go_on(config).epochs == 2);
  config.train.batch_size = 5;
  config.train.epochs = 3;
  CHECK(run.go_on(config).epochs == 3);
  CHECK(run.told("train.batch_size changes from 4 to 5"));
}

TEST_CASE("another data set is refused, one with other contents is said") {
  struct Repainted : ToyDataset {
    using ToyDataset::ToyDataset;
    Image view(std::int64_t object, int view) const override {
      Image image = ToyDataset::view(object, view);
      image.pixels[0] ^= 1;
      return image;
    }
  };
  Config config = short_config(1);
  WatchedRun run;
  run.start(config);
  config.train.epochs = 2;
  const ToyDataset more(14, 8);
  CHECK_THROWS_WITH_AS(run.train_on(config, true, more, &run.validation),
                       doctest::Contains("the training split is another one"), ConfigError);
  CHECK(run.go_on(config).epochs == 2);
  CHECK(run.notices.empty());
  config.train.epochs = 3;
  const Repainted repainted(13, 8);
  CHECK(run.train_on(config, true, repainted, &run.validation).epochs == 3);
  CHECK(run.told("training split are not what they were"));
}

TEST_CASE("best begins anew when its measure changes, and the old one is kept") {
  Config config = short_config(2);
  WatchedRun run;
  const TrainingOutcome first = run.start(config);
  const Checkpoint best = load_checkpoint(run.files().best());

  config.train.epochs = 3;
  config.test.thresholds = {0.9};  // of which the IoU is lower
  const TrainingOutcome second = run.go_on(config);
  CHECK(second.best_epoch == 3);
  CHECK(second.best_iou < first.best_iou);
  CHECK(run.told("\"best\" begins anew"));
  const Checkpoint kept = load_checkpoint(run.files().checkpoints() / "best.1.h5");
  CHECK(same_weights(kept, best));
  CHECK(kept.threshold == best.threshold);

  const auto columns = columns_of(run.files().metrics());
  CHECK(columns.at("epoch") == std::vector<std::string>{"1", "2", "3"});
  CHECK(columns.at("iou_at_0.9")[0].empty());
  CHECK_FALSE(columns.at("iou_at_0.9")[2].empty());
  CHECK_FALSE(columns.at("iou_at_0.3")[1].empty());
  CHECK(columns.at("iou_at_0.3")[2].empty());

  const ToyDataset other_validation(6, 8);
  config.train.epochs = 4;
  CHECK(run.train_on(config, true, run.train, &other_validation).best_epoch == 4);
  CHECK(run.told("the validation split changed"));
  CHECK(exists(run.files().checkpoints() / "best.2.h5"));

  remove(run.files().best());
  config.train.epochs = 5;
  CHECK(run.train_on(config, true, run.train, &other_validation).best_epoch == 5);
  CHECK(run.told("best.h5 is missing"));
}

TEST_CASE("any file of a run makes its folder a run") {
  const Config config = short_config(1);
  WatchedRun run;
  run.start(config);
  const RunFolder folder = run.files();
  const Checkpoint best = load_checkpoint(folder.best());
  for (const auto& only : {folder.best(), folder.epoch(3), folder.metrics()}) {
    CAPTURE(only);
    std::filesystem::remove_all(folder.checkpoints());
    std::filesystem::create_directories(folder.checkpoints());
    std::filesystem::remove(folder.metrics());
    save_checkpoint(only, best);
    CHECK(folder.has_run());
    CHECK_THROWS_WITH_AS(run.start(config), doctest::Contains("already holds a run"), ConfigError);
    CHECK_THROWS_WITH_AS(run.go_on(config), doctest::Contains("no last.h5 to resume from"),
                         ConfigError);
  }
  std::filesystem::remove(folder.metrics());
  CHECK_FALSE(folder.has_run());  // a configuration and a log alone: nothing was trained yet
  CHECK(run.start(config).epochs == 1);
}

TEST_CASE("what a run was begun with is kept when it continues with something else") {
  Config config = short_config(1);
  config.data.root = "some data";
  WatchedRun run;
  run.start(config);
  const Config begun = load_config(run.files().config());
  CHECK(begun.data.root == (std::filesystem::current_path() / "some data").string());
  CHECK(run.go_on(config).epochs == 1);
  CHECK_FALSE(exists(run.files().root / "config.1.yaml"));
  for (const char* kept : {"config.1.yaml", "config.2.yaml"}) {
    const Config now = load_config(run.files().config());
    ++config.train.epochs;
    run.go_on(config);
    CHECK(load_config(run.files().root / kept) == now);
    CHECK(load_config(run.files().config()).train.epochs == config.train.epochs);
  }
}

TEST_CASE("without a validation split nothing is called an IoU") {
  const Config config = short_config(1);
  WatchedRun run;
  const TrainingOutcome outcome = run.train_on(config, false, run.train, nullptr);
  CHECK(outcome.best_epoch == 0);
  const auto columns = columns_of(run.files().metrics());
  for (const char* column : {"mean_iou", "iou_at_0.3", "validation_loss_merged"})
    CHECK(columns.at(column) == std::vector<std::string>{""});
  CHECK_FALSE(columns.at("loss_refined")[0].empty());
  CHECK(columns.at("time")[0].size() == 24);
  CHECK(same_weights(load_checkpoint(run.files().best()), run.last()));
}

TEST_CASE("what cannot be trained or stored is refused before anything is made") {
  WatchedRun run;
  const auto refused = [&](const Config& config, const char* words) {
    CHECK_THROWS_WITH_AS(run.start(config), doctest::Contains(words), ConfigError);
    CHECK_FALSE(exists(run.files().root));
  };
  Config config = short_config(1);
  config.train.freeze = {"encoder", "decoder", "refiner"};
  refused(config, "leaves the merger alone");
  config.train.freeze.emplace_back("merger");
  refused(config, "leaves nothing to train");
  config = short_config(1);
  config.train.milestones.assign(20000, 12345);
  refused(config, "bytes as text");
}

TEST_CASE("the merger alone learns from several views, and rests in epochs of one") {
  Config config = short_config(4);
  config.train.freeze = {"encoder", "decoder", "refiner"};
  config.train.n_views = 2;
  config.train.random_n_views = true;
  WatchedRun run;
  CHECK(run.start(config).epochs == 4);
  const std::vector<double> views = metric(run.files(), "n_views");
  CHECK(std::ranges::count(views, 1) > 0);
  CHECK(std::ranges::count(views, 2) > 0);
}
