#include <doctest/doctest.h>

#include "pix2vox/training/resume_rules.h"

using namespace voxgrad;

namespace {

Config changed(const std::vector<std::string>& set) {
  return parse_config("", "x.yaml", {.set = set, .flags = {}});
}

std::string refusal(const Config& now, bool within_epoch = false) {
  try {
    resume_config(Config{}, now, within_epoch, "run/last.h5");
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every key has a rule for resuming") {
  for (const ConfigKey& key : config_keys()) CHECK_NOTHROW(resume_rule(key.name));
  CHECK_THROWS_WITH(resume_rule("unknown.key"), doctest::Contains("unknown.key"));
}

TEST_CASE("what makes another training is refused by its key, with both values") {
  for (const char* change : {"model.freeze_vgg=false", "data.crop_size=0", "data.background=100",
                             "data.augmentation.flip=false", "data.augmentation.background=[0, 9]",
                             "train.optimizer=sgd", "train.betas=[0.8, 0.9]", "train.momentum=0.1",
                             "train.seed=5", "train.freeze=[encoder]"}) {
    CAPTURE(change);
    const std::string key = std::string(change).substr(0, std::string(change).find('='));
    CHECK(contains(refusal(changed({change})), key + ": "));
  }
  const std::string two = refusal(changed({"train.seed=5", "data.crop_size=0"}));
  CHECK(contains(two, "run/last.h5"));
  CHECK(contains(two, "train.seed: 0 in the run, 5 asked for"));
  CHECK(contains(two, "data.crop_size: 128 in the run, 0 asked for"));
}

TEST_CASE("what may change is said, and what bears on nothing is not") {
  const ResumedConfig said = resume_config(
      Config{}, changed({"train.learning_rate.decoder=0.5", "test.thresholds=[0.7]"}), true, "f");
  REQUIRE(said.notices.size() == 2);
  CHECK(contains(said.notices[0], "train.learning_rate.decoder changes from 0.001 to 0.5"));
  CHECK(contains(said.notices[1], "test.thresholds"));
  CHECK(said.config.train.learning_rate.decoder == 0.5);

  const Config free = changed({"train.epochs=9", "train.save_every=3", "data.cache_mb=1",
                               "data.loader_threads=7", "test.batch_size=4", "test.split=val"});
  const ResumedConfig silent = resume_config(Config{}, free, true, "f");
  CHECK(silent.notices.empty());
  CHECK(silent.config == free);
}

TEST_CASE("sizes of batches and numbers of views change between epochs alone") {
  for (const char* change :
       {"train.batch_size=8", "train.n_views=3", "train.random_n_views=true"}) {
    CAPTURE(change);
    const Config now = changed({change});
    CHECK(contains(refusal(now, true), "stopped within an epoch"));
    CHECK(contains(refusal(now, true), std::string(change).substr(0, 12)));
    const ResumedConfig between = resume_config(Config{}, now, false, "f");
    CHECK(between.notices.size() == 1);
    CHECK(between.config == now);
  }
}

TEST_CASE("what acts at the start alone stays as the run has it") {
  Config before;
  before.train.weights = "/first.h5";
  before.model.vgg_init = "/trunk.h5";
  const ResumedConfig resumed = resume_config(before, Config{}, false, "f");
  CHECK(resumed.config.train.weights == "/first.h5");
  CHECK(resumed.config.model.vgg_init == "/trunk.h5");
  CHECK(resumed.notices.size() == 2);

  // Each of them alone, beside what may change.
  for (const char* change :
       {"model.vgg_init=/other.h5", "train.weights=/second.h5", "train.weights_partial=true"}) {
    CAPTURE(change);
    Config now = parse_config(to_yaml(before), "run.yaml", {.set = {change}, .flags = {}});
    REQUIRE(now != before);
    now.test.batch_size = 7;
    const ResumedConfig alone = resume_config(before, now, false, "f");
    now = before;
    now.test.batch_size = 7;
    CHECK(alone.config == now);
    CHECK(alone.notices.size() == 1);
  }
}

TEST_CASE("the measure of the best epoch is thresholds and views") {
  CHECK(same_validation_measure(Config{}, changed({"test.batch_size=3", "train.epochs=2"})));
  CHECK_FALSE(same_validation_measure(Config{}, changed({"test.thresholds=[0.3]"})));
  CHECK_FALSE(same_validation_measure(Config{}, changed({"train.n_views=2"})));
}
