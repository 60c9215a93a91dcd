// Every key of a configuration reaches what it sets: all values unlike each other and unlike the
// defaults, compared field by field.
#include <doctest/doctest.h>

#include "pix2vox/data/open_dataset.h"

using namespace voxgrad;

namespace {

// As from a file, so that each key is followed from its name to what it sets.
Config unlike_everywhere(const std::vector<std::string>& more = {}) {
  std::vector<std::string> set{"model.image_size=96",
                               "model.encoder_pool=1",
                               "model.n_vox=16",
                               "data.crop_size=111",
                               "data.background=33",
                               "data.cache_mb=7",
                               "data.loader_threads=5",
                               "data.skip_bad=12.5",
                               "data.augmentation.background=[21, 43]",
                               "data.augmentation.brightness=0.11",
                               "data.augmentation.contrast=0.22",
                               "data.augmentation.saturation=0.33",
                               "data.augmentation.noise_std=0.44",
                               "data.augmentation.flip=true",
                               "data.augmentation.permute_channels=false",
                               "train.batch_size=9",
                               "train.n_views=6",
                               "train.seed=1234",
                               "test.batch_size=8",
                               "test.n_views=4"};
  set.insert(set.end(), more.begin(), more.end());
  return parse_config("", "unlike.yaml", {.set = set, .flags = {}});
}

}  // namespace

TEST_CASE("each key about pictures sets its own option of the transform") {
  TransformOptions options = transform_options(unlike_everywhere());
  CHECK(options.crop == 111);
  CHECK(options.size == 96);
  CHECK(options.background == 33);
  CHECK(options.background_range == std::array{21, 43});
  CHECK(options.brightness == 0.11);
  CHECK(options.contrast == 0.22);
  CHECK(options.saturation == 0.33);
  CHECK(options.noise_std == 0.44);
  CHECK(options.flip);
  CHECK_FALSE(options.permute_channels);
  options = transform_options(unlike_everywhere(
      {"data.augmentation.flip=false", "data.augmentation.permute_channels=true"}));
  CHECK_FALSE(options.flip);
  CHECK(options.permute_channels);
}

TEST_CASE("training reads shuffled and augmented, and drops the last part of a batch") {
  const LoaderOptions options = training_loader(unlike_everywhere());
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
  CHECK(options.transform.background_range[0] == 21);
  CHECK(training_loader(unlike_everywhere({"train.random_n_views=true"})).random_n_views);
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
