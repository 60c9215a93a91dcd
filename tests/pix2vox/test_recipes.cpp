// Training beyond the published recipe: schedules, averaged weights, other losses, accumulation,
// patience. What is resumed continues bit for bit.
#include <doctest/doctest.h>

#include "layers/loss.h"
#include "optim/schedule.h"
#include "pix2vox/training/objective.h"
#include "tests/pix2vox/small_run.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

Config all_options() {
  Config config = small_config();
  config.train.schedule = "cosine";
  config.train.final_factor = 0.1;
  config.train.warmup_epochs = 1.5;
  config.train.ema = 0.9;
  config.train.weight_decay = 0.05;
  config.train.loss = "bce+dice";
  config.train.accumulate = 2;
  config.train.validate_every = 2;
  return config;
}

bool same(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!identical(a[i].tensor, b[i].tensor)) return false;
  return true;
}

// Stops after so many steps.
TrainingHooks stop_after(std::atomic<bool>& stop, int steps) {
  TrainingHooks hooks;
  hooks.step = [&stop, left = steps](const TrainingProgress&) mutable {
    if (--left == 0) stop = true;
  };
  return hooks;
}

}  // namespace

TEST_CASE("a run with every option continues bit for bit after a stop anywhere") {
  Run whole;
  whole.go(all_options());
  const Checkpoint expected = whole.last();
  REQUIRE(expected.training->averaged.has_value());
  CHECK(expected.training->averaged->updates == 12);
  CHECK_FALSE(same(expected.model, expected.training->averaged->weights));
  for (const int steps : {1, 3, 7}) {
    CAPTURE(steps);
    Run run;
    std::atomic<bool> stop{false};
    CHECK(run.go(all_options(), false, &stop, stop_after(stop, steps)).interrupted);
    stop = false;
    CHECK_FALSE(run.go(all_options(), true, &stop).interrupted);
    const Checkpoint last = run.last();
    CHECK(same(last.model, expected.model));
    CHECK(same(last.training->averaged->weights, expected.training->averaged->weights));
    CHECK(same(last.training->optimizer_state, expected.training->optimizer_state));
    CHECK(last.training->best_iou == expected.training->best_iou);
  }
}

TEST_CASE("best.h5 holds the averaged weights") {
  Config config = small_config();
  config.train.epochs = 1;
  config.train.ema = 0.9;
  Run run;
  run.go(config);
  const Checkpoint best = load_checkpoint(run.files().best());
  CHECK(same(best.model, run.last().model));
  CHECK_FALSE(best.training.has_value());
}

TEST_CASE("validation every second epoch leaves cells empty, and the last epoch is validated") {
  Config config = small_config();
  config.train.epochs = 3;
  config.train.validate_every = 2;
  Run run;
  run.go(config);
  const auto cells = columns_of(run.files().metrics()).at("mean_iou");
  REQUIRE(cells.size() == 3);
  CHECK(cells[0].empty());
  CHECK_FALSE(cells[1].empty());
  CHECK_FALSE(cells[2].empty());
}

TEST_CASE("rates warm up, follow the cosine and end near its final factor") {
  Config config = small_config();
  config.train.schedule = "cosine";
  config.train.final_factor = 0.2;
  config.train.warmup_epochs = 1;
  Run run;
  run.go(config);  // 4 epochs of 3 steps
  const std::vector<double> rates = metric(run.files(), "learning_rate_encoder");
  REQUIRE(rates.size() == 4);
  for (int epoch = 0; epoch < 4; ++epoch)  // of each epoch's last step
    CHECK(rates[std::size_t(epoch)] ==
          doctest::Approx(1e-3 * cosine_factor(epoch + 2.0 / 3, 4, 0.2)).epsilon(1e-5).scale(0));
}

TEST_CASE("training stops when validations get no better, and does not continue by itself") {
  Config config = small_config();
  config.train.epochs = 50;
  config.train.patience = 2;
  config.train.learning_rate = {0, 0, 0, 0};  // statistics move, so the first epochs may differ
  config.train.milestones = {};
  Run run;
  std::vector<std::string> notices;
  TrainingHooks hooks;
  hooks.notice = [&](const std::string& text) { notices.push_back(text); };
  const TrainingOutcome outcome = run.go(config, false, nullptr, hooks);
  CHECK(outcome.out_of_patience);
  CHECK_FALSE(outcome.interrupted);
  CHECK(outcome.epochs == outcome.best_epoch + 2);
  CHECK(outcome.epochs < 50);
  REQUIRE_FALSE(notices.empty());
  CHECK(notices.back().find("train.patience") != std::string::npos);
  const TrainingOutcome again = run.go(config, true);
  CHECK(again.out_of_patience);
  CHECK(again.epochs == outcome.epochs);
}

TEST_CASE("gradients of the parts of a batch add up to their mean") {
  const ModelConfig model_config = tiny_model();
  const Tensor images = random_images(model_config, 2 * 4, 3);  // 2 views of 4 objects
  const Tensor truth = random_truth(model_config, 4, 4);
  TrainConfig train;
  train.batch_size = 4;
  train.accumulate = 2;
  const auto model = make_tiny(model_config);
  for (std::int64_t part = 0; part < 2; ++part) {
    const Tensor some = images_of_part(images, 2, part, 2);
    REQUIRE(some.shape()[0] == 4);
    CHECK(identical(some.slice(0, 2), images.slice(2 * part, 2 * part + 2)));
    CHECK(identical(some.slice(2, 4), images.slice(4 + 2 * part, 4 + 2 * part + 2)));
    training_losses(model->forward(some, 2), volumes_of_part(truth, part, 2), train)
        .total.backward();
  }
  // By hand: the mean of both parts' gradients, each from a network of its own.
  std::vector<std::vector<double>> expected;
  for (std::int64_t part = 0; part < 2; ++part) {
    const auto alone = make_tiny(model_config);
    // Running statistics do not bear on gradients in training mode.
    Pix2Vox::losses(alone->forward(images_of_part(images, 2, part, 2), 2),
                    truth.slice(2 * part, 2 * part + 2))
        .total.backward();
    std::size_t i = 0;
    for (const auto& [name, parameter] : alone->parameters()) {
      std::vector<double> gradient = parameter.grad().to_vector<double>();
      if (part == 0) expected.emplace_back(gradient.size());
      for (std::size_t k = 0; k < gradient.size(); ++k) expected[i][k] += 0.5 * gradient[k];
      ++i;
    }
  }
  std::size_t i = 0;
  for (const auto& [name, parameter] : model->parameters()) {
    CAPTURE(name);
    const std::vector<double> gradient = parameter.grad().to_vector<double>();
    for (std::size_t k = 0; k < gradient.size(); ++k)
      CHECK(std::abs(gradient[k] - expected[i][k]) <= 1e-12 * (1 + std::abs(expected[i][k])));
    ++i;
  }
}

TEST_CASE("losses are those of the configuration") {
  const ModelConfig model_config = tiny_model();
  const Tensor truth = random_truth(model_config, 2, 4);
  const auto model = make_tiny(model_config);
  const Prediction prediction = model->forward(random_images(model_config, 2, 3), 1);
  const double bce = binary_cross_entropy(prediction.merged, truth).value().item();
  TrainConfig train;
  CHECK(training_losses(prediction, truth, train).merged.value().item() ==
        doctest::Approx(10 * bce).epsilon(1e-12));
  train.loss = "bce+dice";
  train.dice_weight = 3;
  const double dice = dice_loss(prediction.merged, truth).value().item();
  CHECK(training_losses(prediction, truth, train).merged.value().item() ==
        doctest::Approx(10 * bce + 3 * dice).epsilon(1e-12));
  train.loss = "focal";
  train.focal_gamma = 1.5;
  const Losses focal = training_losses(prediction, truth, train);
  CHECK(focal.refined.value().item() ==
        doctest::Approx(10 * focal_loss(prediction.refined, truth, 1.5).value().item())
            .epsilon(1e-12));
  CHECK(focal.total.value().item() ==
        doctest::Approx(focal.merged.value().item() + focal.refined.value().item()));
}

TEST_CASE("what a recipe must keep is refused when it changes, the rest may") {
  const auto changed = [](const std::string& set) {
    return parse_config("", "x.yaml", {.set = {set}, .flags = {}});
  };
  for (const char* change : {"train.loss=focal", "train.ema=0.99", "train.dice_weight=2",
                             "data.augmentation.jpeg=0.5"}) {
    CAPTURE(change);
    CHECK_THROWS_AS(resume_config(Config{}, changed(change), false, "f"), ConfigError);
  }
  for (const char* change : {"train.schedule=cosine", "train.warmup_epochs=2",
                             "train.weight_decay=0.1", "data.mix=[more]", "train.accumulate=2"}) {
    CAPTURE(change);
    CHECK(resume_config(Config{}, changed(change), false, "f").notices.size() == 1);
  }
  for (const char* change : {"train.patience=9", "train.validate_every=3"}) {
    CAPTURE(change);
    CHECK(resume_config(Config{}, changed(change), true, "f").notices.empty());
  }
  CHECK_THROWS_AS(resume_config(Config{}, changed("train.accumulate=2"), true, "f"), ConfigError);
  // The end of a cosine is where the last epoch is.
  Config before = changed("train.schedule=cosine"), now = before;
  now.train.epochs = 300;
  CHECK(resume_config(before, now, true, "f").notices.size() == 1);
}

TEST_CASE("parts of a batch must be equal and hold two objects") {
  CHECK_THROWS_WITH_AS(
      parse_config("", "x.yaml",
                   {.set = {"train.batch_size=10", "train.accumulate=4"}, .flags = {}}),
      doctest::Contains("train.accumulate must divide"), ConfigError);
  CHECK_THROWS_AS(parse_config("", "x.yaml",
                               {.set = {"train.batch_size=8", "train.accumulate=8"}, .flags = {}}),
                  ConfigError);
}
