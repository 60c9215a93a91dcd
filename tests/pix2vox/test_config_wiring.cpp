// Every key of a configuration sets its own field: all values unlike each other and the defaults.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "pix2vox/config/config.h"
#include "pix2vox/data/open_dataset.h"

using namespace voxgrad;

namespace {

/// Each key with a value that nothing else here has.
const std::map<std::string, std::string>& values() {
  static const std::map<std::string, std::string> all{
      {"model.variant", "mini"},
      {"model.n_vox", "16"},
      {"model.image_size", "72"},
      {"model.trunk_channels", "[11, 12, 13, 14]"},
      {"model.encoder_channels", "[17, 18, 24]"},
      {"model.encoder_kernel_sizes", "[5, 1, 2]"},
      {"model.encoder_pool", "2"},
      {"model.decoder_channels", "[21, 22, 23]"},
      {"model.merger_channels", "[25, 26, 27, 28]"},
      {"model.refiner_channels", "[31, 32]"},
      {"model.refiner_hidden", "33"},
      {"model.use_merger", "true"},
      {"model.use_refiner", "true"},
      {"model.vgg_init", "trunk.h5"},
      {"model.freeze_vgg", "true"},
      {"model.track_merger", "false"},
      {"data.kind", "pix3d"},
      {"data.root", "the-root"},
      {"data.taxonomy", "the-taxonomy.json"},
      {"data.mix", "[more, \"even more\"]"},
      {"data.mix_weights", "[0.401, 40.2]"},
      {"data.crop_size", "41"},
      {"data.background", "42"},
      {"data.min_alpha", "43"},
      {"data.masks", "true"},
      {"data.lenient", "true"},
      {"data.cache_mb", "44"},
      {"data.loader_threads", "45"},
      {"data.skip_bad", "46"},
      {"data.augmentation.background", "[47, 48]"},
      {"data.augmentation.brightness", "0.51"},
      {"data.augmentation.contrast", "0.52"},
      {"data.augmentation.saturation", "0.53"},
      {"data.augmentation.noise_std", "0.54"},
      {"data.augmentation.flip", "false"},
      {"data.augmentation.permute_channels", "false"},
      {"data.augmentation.backdrops", "[noise, plain]"},
      {"data.augmentation.backdrop_range", "[55, 56]"},
      {"data.augmentation.hue", "57"},
      {"data.augmentation.tint", "0.58"},
      {"data.augmentation.zoom", "0.59"},
      {"data.augmentation.shift", "0.401"},
      {"data.augmentation.blur", "6.02"},
      {"data.augmentation.pixel_noise", "60.3"},
      {"data.augmentation.jpeg", "0.604"},
      {"data.augmentation.jpeg_quality", "[5, 65]"},
      {"train.epochs", "61"},
      {"train.precision", "bf16"},
      {"train.batch_size", "62"},
      {"train.accumulate", "31"},
      {"train.n_views", "63"},
      {"train.random_n_views", "true"},
      {"train.optimizer", "sgd"},
      {"train.betas", "[0.64, 0.65]"},
      {"train.momentum", "0.66"},
      {"train.weight_decay", "0.67"},
      {"train.loss", "focal"},
      {"train.dice_weight", "0.68"},
      {"train.focal_gamma", "6.9"},
      {"train.learning_rate.encoder", "0.71"},
      {"train.learning_rate.decoder", "0.72"},
      {"train.learning_rate.merger", "0.73"},
      {"train.learning_rate.refiner", "0.74"},
      {"train.schedule", "cosine"},
      {"train.milestones", "[75, 76]"},
      {"train.gamma", "0.77"},
      {"train.final_factor", "0.771"},
      {"train.warmup_epochs", "7.72"},
      {"train.ema", "0.773"},
      {"train.validate_every", "774"},
      {"train.patience", "775"},
      {"train.save_every", "78"},
      {"train.seed", "79"},
      {"train.freeze", "[merger]"},
      {"train.weights", "start.h5"},
      {"train.weights_partial", "true"},
      {"test.split", "val"},
      {"test.precision", "tf32"},
      {"test.batch_size", "81"},
      {"test.n_views", "82"},
      {"test.thresholds", "[0.83, 0.84]"},
  };
  return all;
}

Config parsed() {
  ConfigOverrides overrides;
  for (const auto& [key, value] : values()) {
    std::string assignment = key;
    overrides.set.push_back(assignment.append("=").append(value));
  }
  return parse_config("", "none.yaml", overrides);
}

using Counts = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("every key is set in this test, once") {
  std::set<std::string> known, set_here;
  for (const ConfigKey& key : config_keys()) known.insert(key.name);
  for (const auto& [key, value] : values()) set_here.insert(key);
  CHECK(known == set_here);
}

TEST_CASE("every key of model sets its own field") {
  const ModelConfig model = parsed().model;
  CHECK(model.variant == "mini");
  CHECK(model.n_vox == 16);
  CHECK(model.image_size == 72);
  CHECK(model.trunk_channels == Counts{11, 12, 13, 14});
  CHECK(model.encoder_channels == Counts{17, 18, 24});
  CHECK(model.encoder_kernel_sizes == Counts{5, 1, 2});
  CHECK(model.encoder_pool == 2);
  CHECK(model.decoder_channels == Counts{21, 22, 23});
  CHECK(model.merger_channels == Counts{25, 26, 27, 28});
  CHECK(model.refiner_channels == Counts{31, 32});
  CHECK(model.refiner_hidden == 33);
  CHECK(model.use_merger);
  CHECK(model.use_refiner);
  CHECK(model.vgg_init == "trunk.h5");
  CHECK(model.freeze_vgg);
  CHECK_FALSE(model.track_merger);
}

TEST_CASE("every key of data sets its own field, and the loaders take it") {
  const Config config = parsed();
  const DataConfig& data = config.data;
  CHECK(data.kind == "pix3d");
  CHECK(data.root == "the-root");
  CHECK(data.taxonomy == "the-taxonomy.json");
  CHECK(data.mix == std::vector<std::string>{"more", "even more"});
  CHECK(data.mix_weights == std::vector<double>{0.401, 40.2});
  CHECK(data.masks);
  CHECK(data.lenient);
  CHECK(data.cache_mb == 44);
  CHECK(data.loader_threads == 45);
  CHECK(data.skip_bad == 46);
  const TransformOptions options = transform_options(config);
  CHECK(options.size == 72);
  CHECK(options.crop == 41);
  CHECK(options.background == 42);
  CHECK(options.min_alpha == 43);
  CHECK(options.background_range == std::array<int, 2>{47, 48});
  CHECK(options.brightness == 0.51);
  CHECK(options.contrast == 0.52);
  CHECK(options.saturation == 0.53);
  CHECK(options.noise_std == 0.54);
  CHECK_FALSE(options.flip);
  CHECK_FALSE(options.permute_channels);
  CHECK(options.backdrops == std::vector<std::string>{"noise", "plain"});
  CHECK(options.backdrop_range == std::array<int, 2>{55, 56});
  CHECK(options.hue == 57);
  CHECK(options.tint == 0.58);
  CHECK(options.zoom == 0.59);
  CHECK(options.shift == 0.401);
  CHECK(options.blur == 6.02);
  CHECK(options.pixel_noise == 60.3);
  CHECK(options.jpeg == 0.604);
  CHECK(options.jpeg_quality == std::array<int, 2>{5, 65});
  CHECK(training_loader(config).transform == options);
  CHECK(testing_loader(config).transform == options);
}

TEST_CASE("every key of train and test sets its own field") {
  const Config config = parsed();
  const TrainConfig& train = config.train;
  CHECK(train.epochs == 61);
  CHECK(train.precision == "bf16");
  CHECK(train.batch_size == 62);
  CHECK(train.accumulate == 31);
  CHECK(train.n_views == 63);
  CHECK(train.random_n_views);
  CHECK(train.optimizer == "sgd");
  CHECK(train.betas == std::vector<double>{0.64, 0.65});
  CHECK(train.momentum == 0.66);
  CHECK(train.weight_decay == 0.67);
  CHECK(train.loss == "focal");
  CHECK(train.dice_weight == 0.68);
  CHECK(train.focal_gamma == 6.9);
  CHECK(train.learning_rate.encoder == 0.71);
  CHECK(train.learning_rate.decoder == 0.72);
  CHECK(train.learning_rate.merger == 0.73);
  CHECK(train.learning_rate.refiner == 0.74);
  CHECK(train.milestones == Counts{75, 76});
  CHECK(train.schedule == "cosine");
  CHECK(train.gamma == 0.77);
  CHECK(train.final_factor == 0.771);
  CHECK(train.warmup_epochs == 7.72);
  CHECK(train.ema == 0.773);
  CHECK(train.validate_every == 774);
  CHECK(train.patience == 775);
  CHECK(train.save_every == 78);
  CHECK(train.seed == 79);
  CHECK(train.freeze == std::vector<std::string>{"merger"});
  CHECK(train.weights == "start.h5");
  CHECK(train.weights_partial);
  const TestConfig& test = config.test;
  CHECK(test.split == "val");
  CHECK(test.precision == "tf32");
  CHECK(test.batch_size == 81);
  CHECK(test.n_views == 82);
  CHECK(test.thresholds == std::vector<double>{0.83, 0.84});
}

TEST_CASE("a configuration means the same from any folder once its paths are absolute") {
  const Config absolute = with_absolute_paths(parsed());
  const std::filesystem::path here = std::filesystem::current_path();
  CHECK(absolute.data.root == (here / "the-root").string());
  CHECK(absolute.data.taxonomy == (here / "the-taxonomy.json").string());
  CHECK(absolute.data.mix ==
        std::vector<std::string>{(here / "more").string(), (here / "even more").string()});
  CHECK(absolute.train.weights == (here / "start.h5").string());
  CHECK(absolute.model.vgg_init == (here / "trunk.h5").string());
  const Config unset = with_absolute_paths(Config());
  CHECK(unset == Config());  // empty paths and "random" name no files
  CHECK(with_absolute_paths(absolute) == absolute);
}
