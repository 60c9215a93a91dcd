// Each published set, in the form in which it is shipped, trains a tiny network for two epochs, and
// packed into a file it gives the same weights.
#include <doctest/doctest.h>

#include "datasets/packed/packed.h"
#include "datasets/shapenet/taxonomy.h"
#include "pix2vox/data/open_dataset.h"
#include "pix2vox/training/run_folder.h"
#include "pix2vox/training/trainer.h"
#include "tests/pix2vox/tiny.h"
#include "tests/support/published_sets.h"
#include "tests/support/source_tree.h"
#include "tests/support/temporary_folder.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

Config tiny_config(const std::string& kind, const std::filesystem::path& root) {
  Config config;
  config.model = tiny_model();
  config.data.kind = kind;
  config.data.root = root.string();
  config.data.n_vox = config.model.n_vox;
  config.train.epochs = 2;
  config.train.batch_size = 2;
  config.train.save_every = 0;
  return config;
}

std::vector<NamedTensor> trained(const Config& config, const std::filesystem::path& run) {
  const auto training = open_dataset(config.data, "train");
  const auto validation =
      has_split(config.data, "val") ? open_dataset(config.data, "val") : nullptr;
  check_training_fits(config, *training, validation.get(), true);
  TrainingOptions options;
  options.out = run;
  Trainer trainer(config, *training, validation.get(), options, {});
  const TrainingOutcome outcome = trainer.run();
  CHECK(outcome.epochs == 2);
  return load_checkpoint(RunFolder{run}.best()).model;
}

}  // namespace

TEST_CASE("published sets: each trains for two epochs, and packed it gives the same weights") {
  const TemporaryFolder folder;
  write_pix3d(folder / "pix3d");
  write_pascal3d(folder / "pascal3d");
  write_modelnet(folder / "modelnet");
  write_shapenetcore(folder / "shapenetcore");
  // Pix3D has a test set alone: a list makes some of it training pictures.
  const std::filesystem::path list = folder / "pix3d.lists.json";
  write_taxonomy({{"chair", "chair", {"0001", "0002", "0003"}, {"0004"}, {"0005"}}}, list);
  for (const std::string kind : {"pix3d", "pascal3d", "modelnet", "shapenetcore"}) {
    CAPTURE(kind);
    Config config = tiny_config(kind, folder / kind);
    if (kind == "pix3d") config.data.taxonomy = list.string();
    const std::vector<NamedTensor> direct = trained(config, folder / (kind + "-run"));
    std::vector<std::unique_ptr<Dataset>> opened;
    std::vector<PackedSplit> splits;
    for (const std::string& split : splits_of(dataset_source(config.data))) {
      opened.push_back(open_dataset(config.data, split));
      splits.push_back({split, opened.back().get()});
    }
    pack_dataset(splits, {.out = folder / (kind + ".h5")});
    const std::vector<NamedTensor> packed =
        trained(tiny_config("packed", folder / (kind + ".h5")), folder / (kind + "-packed"));
    REQUIRE(direct.size() == packed.size());
    for (std::size_t i = 0; i < direct.size(); ++i)
      CHECK(identical(direct[i].tensor, packed[i].tensor));
  }
}

TEST_CASE("published sets: the configurations name their kinds and follow model.n_vox") {
  for (const auto& [name, kind] : {std::pair{"ShapeNetCore", "shapenetcore"},
                                   {"Pix3D", "pix3d"},
                                   {"Pascal3D", "pascal3d"},
                                   {"ModelNet", "modelnet"}}) {
    const auto file = in_source_tree(std::string("configs/Pix2Vox-F-") + name + ".yaml");
    CHECK(load_config(file).data.kind == kind);
    ConfigOverrides overrides;
    overrides.set = {"model.n_vox=64"};
    CHECK(load_config(file, overrides).data.n_vox == 64);
  }
}
