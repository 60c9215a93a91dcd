#include "pix2vox/data/open_dataset.h"

#include <algorithm>

#include "datasets/mixed_dataset.h"
#include "io/plural.h"

namespace voxgrad {

DatasetSource dataset_source(const DataConfig& config) {
  return {.kind = config.kind,
          .root = config.root,
          .taxonomy = config.taxonomy,
          .n_vox = int(config.n_vox),
          .masks = config.masks,
          .lenient = config.lenient};
}

std::unique_ptr<Dataset> open_dataset(const DataConfig& config, const std::string& split) {
  check<ConfigError>(!config.root.empty(),
                     "no data set: give --data DIR, or data.root in the configuration");
  return open_dataset(dataset_source(config), split);
}

bool has_split(const DataConfig& config, const std::string& split) {
  return std::ranges::count(splits_of(dataset_source(config)), split) > 0;
}

std::unique_ptr<Dataset> open_training_data(const DataConfig& config,
                                            std::vector<std::string>& notes) {
  std::unique_ptr<Dataset> first = open_dataset(config, "train");
  if (config.mix.empty()) return first;
  HeldOutShapes held_out;
  for (const char* split : {"val", "test"})
    if (has_split(config, split)) held_out.add(*open_dataset(config, split));
  auto mixed = std::make_unique<MixedDataset>(std::move(first));
  for (std::size_t i = 0; i < config.mix.size(); ++i) {
    DataConfig other = config;
    other.root = config.mix[i];
    other.kind = std::filesystem::is_directory(other.root) ? "shapenet" : "packed";
    other.taxonomy.clear();
    const double weight = config.mix_weights.empty() ? 1 : config.mix_weights[i];
    const std::int64_t before = mixed->size();
    const std::int64_t left_out =
        mixed->add(open_dataset(other, "train"), weight, held_out, other.root);
    std::string note =
        concat(other.root, ": ", counted(mixed->size() - before, "object"), " of weight ", weight);
    if (left_out > 0)
      note +=
          concat(", without ", left_out, " that are near-duplicates of validation or test objects");
    notes.push_back(std::move(note));
  }
  return mixed;
}

namespace {

/// `all`: each object must have so many views; else it is enough that one has.
void check_views(const char* key, std::int64_t n_views, const Dataset& dataset, bool all = true) {
  int most = 0;
  std::int64_t first_short = -1;
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    most = std::max(most, dataset.view_count(i));
    if (first_short < 0 && dataset.view_count(i) < n_views) first_short = i;
  }
  check<ConfigError>(n_views <= most, key, " is ", n_views, ", but no object has more than ", most,
                     " views: ask for at most ", most);
  if (!all || first_short < 0) return;
  const ObjectInfo& info = dataset.info(first_short);
  const int views = dataset.view_count(first_short);
  fail<ConfigError>(key, " is ", n_views, ", but ", info.taxonomy_id, "/", info.object_id, " has ",
                    views, " views: ask for fewer, or take that object out of the data set");
}

void check_volumes(const Config& config, const Dataset& dataset, bool all) {
  constexpr std::int64_t most = 64;
  const std::int64_t count = all ? dataset.size() : std::min(dataset.size(), most);
  std::int64_t good = 0;
  std::string first_bad;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t object = i * dataset.size() / count;
    try {
      const std::int64_t side = dataset.volume(object).n;
      check<DataError>(side == config.model.n_vox, dataset.volume_name(object), ": volume of ",
                       side, "^3 voxels, the model has ", config.model.n_vox,
                       "^3; set model.n_vox or build the data set at that size");
      ++good;
    } catch (const DataError& error) {
      if (config.data.skip_bad == 0) throw;
      if (first_bad.empty()) first_bad = error.what();
    }
  }
  check<DataError>(good > 0, "none of ", count, " volumes can be used; the first: ", first_bad);
}

}  // namespace

void check_training_fits(const Config& config, const Dataset& training, const Dataset* validation,
                         bool all_volumes) {
  const std::int64_t batch = config.train.batch_size, objects = training.size();
  check<ConfigError>(objects >= batch, "train.batch_size is ", batch,
                     ", but the data set has only ", counted(objects, "training object"), ": ",
                     objects < 2 ? std::string("add objects, training takes at least 2")
                                 : concat("lower it, for example --set train.batch_size=",
                                          std::max<std::int64_t>(2, objects / 2)));
  // Where bad samples may be replaced, objects with too few views are.
  const bool all_views = config.data.skip_bad == 0;
  check_views("train.n_views", config.train.n_views, training, all_views);
  if (validation) check_views("train.n_views", config.train.n_views, *validation, all_views);
  check_volumes(config, training, all_volumes);
  if (validation) check_volumes(config, *validation, all_volumes);
}

void check_testing_fits(const Config& config, const Dataset& dataset) {
  check_views("test.n_views (--views)", config.test.n_views, dataset);
}

TransformOptions transform_options(const Config& config) {
  TransformOptions options = config.data.transform;
  options.size = int(config.model.image_size);
  return options;
}

namespace {

LoaderOptions common(const Config& config) {
  LoaderOptions options;
  options.n_vox = int(config.model.n_vox);
  options.seed = config.train.seed;
  options.threads = int(config.data.loader_threads);
  options.transform = transform_options(config);
  return options;
}

}  // namespace

LoaderOptions training_loader(const Config& config) {
  LoaderOptions options = common(config);
  options.batch_size = config.train.batch_size;
  options.n_views = int(config.train.n_views);
  options.random_n_views = config.train.random_n_views;
  options.shuffle = options.drop_last = options.augment = true;
  options.skip_bad = config.data.skip_bad / 100;
  options.cache_bytes = std::size_t(config.data.cache_mb) << 20;
  return options;
}

LoaderOptions testing_loader(const Config& config) {
  LoaderOptions options = common(config);
  options.batch_size = config.test.batch_size;
  options.n_views = int(config.test.n_views);
  options.first_views = true;
  options.cache_bytes = 0;  // everything is read once
  return options;
}

}  // namespace voxgrad
