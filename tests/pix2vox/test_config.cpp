#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "pix2vox/config/config.h"
#include "tests/support/source_tree.h"

using namespace voxgrad;

namespace {

// What parse_config says about a text; empty if it accepts it.
std::string complaint(const std::string& yaml, const ConfigOverrides& overrides = {}) {
  try {
    parse_config(yaml, "mine.yaml", overrides);
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("without a file, everything is as published for variant A") {
  const Config config = parse_config("", "empty.yaml");
  CHECK(config == Config{});
  CHECK(config.model.variant == "A");
  CHECK(config.model.feature_side() == 8);
  CHECK(config.model.decoder_in_channels() == 2048);
  CHECK(config.train.epochs == 250);
  CHECK(config.train.learning_rate.of("merger") == 1e-4);
  CHECK(config.train.milestones == std::vector<std::int64_t>{150});
}

TEST_CASE("the variant chooses the sizes wherever it stands, and single sizes override it") {
  const Config config = parse_config("model:\n  encoder_pool: 2\n  variant: F\n", "mine.yaml");
  CHECK(config.model.encoder_channels == std::vector<std::int64_t>{512, 256, 128});
  CHECK(config.model.encoder_pool == 2);
  CHECK_FALSE(config.model.use_refiner);
  const Config larger = parse_config("model: {variant: A, n_vox: 64}", "mine.yaml");
  CHECK(larger.model.decoder_channels == std::vector<std::int64_t>{512, 128, 32, 8, 8});
  CHECK(larger.model.refiner_channels == std::vector<std::int64_t>{32, 64, 128, 128});
}

TEST_CASE("flags win over --set, --set over the file, the file over defaults") {
  const std::string yaml = "train:\n  epochs: 2\n  batch_size: 3\n  n_views: 4\n";
  ConfigOverrides overrides;
  overrides.set = {"train.batch_size=30", "train.n_views=40", "test.thresholds=[0.1, 1e-1]",
                   "data.root=\"\""};
  overrides.flags = {{"--views", "train.n_views", "400"}, {"--data", "data.root", "a: [b"}};
  const Config config = parse_config(yaml, "mine.yaml", overrides);
  CHECK(config.train.epochs == 2);
  CHECK(config.train.batch_size == 30);
  CHECK(config.train.n_views == 400);
  CHECK(config.train.save_every == 10);
  CHECK(config.test.thresholds == std::vector<double>{0.1, 0.1});
  CHECK(config.data.root == "a: [b");
}

TEST_CASE("unknown keys are refused with file, line and a suggestion") {
  const std::string typo = complaint("model:\n  variant: F\ntrain:\n  epoch: 3\n");
  CHECK(contains(typo, "mine.yaml:4: unknown key \"train.epoch\""));
  CHECK(contains(typo, "did you mean \"train.epochs\"?"));
  CHECK(contains(complaint("model: {learning_rate: 1}"), "is a section") == false);
  CHECK(contains(complaint("train: {n_vox: 32}"), "did you mean \"model.n_vox\"?"));
  CHECK(contains(complaint("train: 5"), "train is a section and takes no value"));
  const std::string nothing_near = complaint("zzzzzzzzzzzz: 5");
  CHECK(contains(nothing_near, "unknown key \"zzzzzzzzzzzz\""));
  CHECK_FALSE(contains(nothing_near, "did you mean"));
  CHECK(contains(complaint("", {.set = {"train.epohcs=5"}, .flags = {}}),
                 "--set train.epohcs=5: unknown key"));
  CHECK(contains(complaint("", {.set = {"x=5"}, .flags = {}}), "--set x=5: unknown key \"x\""));
  for (const char* none : {"=5", "train.epochs", ""})
    CHECK(contains(complaint("", {.set = {none}, .flags = {}}), "--set expects key=value"));
}

TEST_CASE("wrong values are refused with key, value and what was expected") {
  CHECK(contains(complaint("train:\n  epochs: ten\n"),
                 "mine.yaml:2: train.epochs expects an integer from 1 to"));
  CHECK(contains(complaint("train: {epochs: ten}"), "got \"ten\""));
  for (const char* bad :
       {"epochs: 1.5", "epochs: 0", "epochs: 99999999999999999999", "epochs: 5x", "epochs: [5]",
        "gamma: nan", "gamma: inf", "gamma: 1e999", "gamma: -0.1", "random_n_views: yes",
        "random_n_views: 1", "optimizer: adagrad", "betas: [0.9]", "betas: 0.9", "betas: [0.9, 1]",
        "milestones: [1, x]", "seed: -1", "freeze: [encoder, head]", "freeze: encoder"}) {
    CAPTURE(bad);
    const std::string message = complaint("train: {" + std::string(bad) + "}");
    CHECK(contains(message, " expects "));
  }
  CHECK(contains(complaint("model: {n_vox: 48}"), "one of 8, 16, 32, 64, 128"));
  CHECK(contains(complaint("test: {thresholds: []}"), "at least one"));
  CHECK(contains(complaint("", {.set = {"no-equals-sign"}, .flags = {}}), "key=value"));
}

TEST_CASE("sizes that do not fit together are refused") {
  CHECK(contains(complaint("model: {variant: F, image_size: 64}"), "too small"));
  CHECK(contains(complaint("model: {encoder_channels: [8, 8, 1], image_size: 72}"),
                 "volume of side 2"));
  CHECK(contains(complaint("model: {n_vox: 64, decoder_channels: [8, 8, 8, 8]}"),
                 "model.decoder_channels expects 5 entries for model.n_vox 64, got 4"));
}

TEST_CASE("YAML beyond maps, lists and plain values is refused") {
  CHECK(contains(complaint("train:\n  epochs: 5\n  epochs: 6\n"),
                 "mine.yaml:3: train.epochs is given twice"));
  CHECK(contains(complaint("train: {epochs: 5}\ntrain: {seed: 6}\n"), "train is given twice"));
  CHECK(contains(complaint("data: {root: &a x, taxonomy: *a}"), "anchors"));
  CHECK(contains(complaint("data: {root: !!int 5}"), "tag"));
  CHECK(contains(complaint("data: {root: }"), "data.root has no value"));
  CHECK(contains(complaint("a: 1\n---\nb: 2\n"), ""));
  CHECK(contains(complaint("train: {epochs: 5}\n---\ntrain: {epochs: 6}\n"), "more than one YAML"));
  CHECK(contains(complaint("test: {thresholds: [[0.1]]}"), "plain values only"));
  CHECK(contains(complaint("? [a]\n: 5\n"), "plain word"));
  CHECK(contains(complaint("just words"), "expects `key: value`"));
  CHECK(contains(complaint("- 1\n"), "expects `key: value`"));
  CHECK(contains(complaint("train: {epochs: 5"), "mine.yaml:1:"));
  CHECK(
      contains(complaint("a: {b: {c: {d: {e: {f: {g: {h: {i: 1}}}}}}}}"), "nested deeper than 8"));
  CHECK(contains(complaint("", {.set = {"train.seed={a: 1}"}, .flags = {}}), "got a map"));
}

TEST_CASE("hostile files are refused quickly") {
  CHECK(contains(complaint(std::string(512000, '[')), "bytes"));
  CHECK(contains(complaint("a: " + std::string(100000, '[')), "plain values only"));
  CHECK(contains(complaint(std::string(100000, '{')), "mine.yaml"));
  CHECK_FALSE(complaint(std::string("train:\0 epochs", 14)).empty());
}

TEST_CASE("what is written out reads back equal") {
  Config config;
  config.model = default_model("mini", 64);
  config.model.vgg_init = "a \"strange\" \\ name: #1\n.h5";
  config.data.root = "true";
  config.data.taxonomy = "123";
  config.data.transform.noise_std = 1.0 / 3;
  config.train.seed = std::numeric_limits<std::uint64_t>::max();
  config.train.freeze = {"encoder", "decoder"};
  config.train.learning_rate.merger = 1e-7;
  config.train.milestones = {};
  config.test.thresholds = {0.1, 0.25};
  const std::string yaml = to_yaml(config);
  CHECK(parse_config(yaml, "written.yaml") == config);
  CHECK(contains(yaml, "train:\n  epochs: 250\n"));
  CHECK(contains(yaml, "  learning_rate:\n    encoder: 0.001\n"));
  CHECK(to_yaml(parse_config(yaml, "written.yaml")) == yaml);
}

TEST_CASE("every key is documented once") {
  std::vector<std::string> names;
  for (const ConfigKey& key : config_keys()) {
    CHECK_FALSE(key.meaning.empty());
    CHECK_FALSE(key.expects.empty());
    names.push_back(key.name);
  }
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK(names.size() > 40);
}

TEST_CASE("the configurations that come with the program are valid") {
  const std::filesystem::path folder = in_source_tree("configs");
  Config published;
  CHECK(load_config(folder / "Pix2Vox-A.yaml") == published);
  published.model = default_model("F");
  CHECK(load_config(folder / "Pix2Vox-F.yaml") == published);
  CHECK(load_config(folder / "Pix2Vox-mini.yaml").model == default_model("mini"));
  CHECK_THROWS_WITH_AS(load_config(folder / "none.yaml"), doctest::Contains("none.yaml"),
                       ConfigError);
}
