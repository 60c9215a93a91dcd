// Every key of a configuration reaches what it sets: all values unlike each other and unlike the
// defaults, compared field by field.
#include <doctest/doctest.h>

#include "pix2vox/data/open_dataset.h"

using namespace voxgrad;

namespace {

Config unlike_everywhere() {
  Config config;
  config.model.image_size = 96;
  config.model.n_vox = 16;
  config.data.crop_size = 111;
  config.data.background = 33;
  config.data.cache_mb = 7;
  config.data.loader_threads = 5;
  config.data.skip_bad = 12.5;
  config.data.augmentation = {.background = {21, 43},
                              .brightness = 0.11,
                              .contrast = 0.22,
                              .saturation = 0.33,
                              .noise_std = 0.44,
                              .flip = true,
                              .permute_channels = false};
  config.train.batch_size = 9;
  config.train.n_views = 6;
  config.train.seed = 1234;
  config.test.batch_size = 8;
  config.test.n_views = 4;
  return config;
}

}  // namespace

TEST_CASE("each key about pictures sets its own option of the transform") {
  Config config = unlike_everywhere();
  TransformOptions options = transform_options(config);
  CHECK(options.crop == 111);
  CHECK(options.size == 96);
  CHECK(options.background == 33);
  CHECK(options.background_low == 21);
  CHECK(options.background_high == 43);
  CHECK(options.brightness == 0.11);
  CHECK(options.contrast == 0.22);
  CHECK(options.saturation == 0.33);
  CHECK(options.noise_std == 0.44);
  CHECK(options.flip);
  CHECK_FALSE(options.permute_channels);
  config.data.augmentation.flip = false;
  config.data.augmentation.permute_channels = true;
  options = transform_options(config);
  CHECK_FALSE(options.flip);
  CHECK(options.permute_channels);
}

TEST_CASE("training reads shuffled and augmented, and drops the last part of a batch") {
  Config config = unlike_everywhere();
  LoaderOptions options = training_loader(config);
  CHECK(options.batch_size == 9);
  CHECK(options.n_views == 6);
  CHECK_FALSE(options.random_n_views);
  CHECK(options.shuffle);
  CHECK(options.drop_last);
  CHECK(options.augment);
  CHECK_FALSE(options.first_views);
  CHECK(options.n_vox == 16);
  CHECK(options.seed == 1234);
  CHECK(options.threads == 5);
  CHECK(options.skip_bad == 0.125);
  CHECK(options.cache_bytes == std::size_t{7} * 1024 * 1024);
  CHECK(options.transform.background_low == 21);
  config.train.random_n_views = true;
  CHECK(training_loader(config).random_n_views);
}

TEST_CASE("testing reads every object once, in order, its first views") {
  const LoaderOptions options = testing_loader(unlike_everywhere());
  CHECK(options.batch_size == 8);
  CHECK(options.n_views == 4);
  CHECK_FALSE(options.random_n_views);
  CHECK_FALSE(options.shuffle);
  CHECK_FALSE(options.drop_last);
  CHECK_FALSE(options.augment);
  CHECK(options.first_views);
  CHECK(options.n_vox == 16);
  CHECK(options.threads == 5);
  CHECK(options.skip_bad == 0);
  CHECK(options.cache_bytes == 0);
  CHECK(options.transform.size == 96);
}
