// dataset look, check, pack and stats for sets as they are published, through the program.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/program.h"
#include "tests/apps/tiny_run.h"
#include "tests/support/published_sets.h"
#include "voxels/image/image.h"

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE("dataset look draws five pictures per row") {
  const TemporaryFolder folder;
  write_pascal3d(folder / "pascal3d");
  const std::string sheet = folder / "look.png";
  const Ended ended = pix2vox({"dataset", "look", folder / "pascal3d", "--kind", "pascal3d",
                               "--split", "train", "--objects", "2", "--out", sheet});
  CHECK(ended.code == 0);
  CHECK(ended.out == sheet + "\n");
  const Image image = read_image(sheet);
  CHECK(image.width > 2 * image.height);
  CHECK(refused(pix2vox({"dataset", "look", folder / "pascal3d", "--kind", "pascal"}), 2, "kind"));
  CHECK(refused(pix2vox({"dataset", "look", folder / "none", "--kind", "pascal3d"}), 3, "none"));
}

TEST_CASE("dataset check continues from its journal, and tells of sets of every kind") {
  const TemporaryFolder folder;
  write_pix3d(folder / "pix3d");
  const Arguments check{"dataset", "check",     folder / "pix3d",  "--kind",
                        "pix3d",   "--journal", folder / "journal"};
  const Ended first = pix2vox(check);
  CHECK(first.code == 0);
  CHECK(says(first.out, "published are 0/0/2894"));
  std::filesystem::remove(folder / "pix3d/img/chair/0001.png");
  CHECK(pix2vox(check).code == 0);  // as it was found before
  Arguments anew(check.begin(), check.end() - 2);
  const Ended second = pix2vox(anew);
  CHECK(second.code == 3);
  CHECK(says(second.out, "missing: "));
}

TEST_CASE("dataset pack writes a file that trains as the set does") {
  const TinyRun& run = tiny_run();
  const TemporaryFolder folder;
  const std::string file = folder / "packed.h5";
  const Ended packed = pix2vox({"dataset", "pack", run.data, "--out", file, "--json", "-"});
  CHECK(packed.code == 0);
  CHECK(nlohmann::json::parse(packed.out).at("objects") == 8);
  CHECK(refused(pix2vox({"dataset", "pack", run.data, "--out", file}), 2, "--overwrite"));
  Arguments training = tiny_training(file, folder / "run");
  training.insert(training.end(), {"--set", "data.kind=packed"});
  CHECK(pix2vox(training).code == 0);
  const auto weights = [](const std::string& of) {
    const Ended shown =
        pix2vox({"test", "--cfg", mini_config, "--weights", of + "/checkpoints/best.h5", "--data",
                 tiny_run().data, "--no-baselines", "--json", "-"});
    CHECK(shown.code == 0);
    return nlohmann::json::parse(shown.out).at("model");
  };
  CHECK(weights(folder / "run") == weights(run.run));
}

TEST_CASE("dataset stats draws a sheet") {
  const TemporaryFolder folder;
  const std::string sheet = folder / "stats.png";
  CHECK(pix2vox({"dataset", "stats", tiny_run().data, "--sheet", sheet}).code == 0);
  CHECK(read_image(sheet).width > 100);
}

TEST_CASE("train --weights-partial says what fits and what does not") {
  const TinyRun& run = tiny_run();
  const TemporaryFolder folder;
  Arguments training = tiny_training(run.data, folder / "run");
  training.insert(training.end(), {"--weights", run.weights, "--weights-partial", "--set",
                                   "model.decoder_channels=[48,32,16,8]"});
  const Ended ended = pix2vox(training);
  CHECK(ended.code == 0);
  CHECK(says(ended.err, "stays as drawn: it is"));
  CHECK(says(ended.err, "tensors are from " + run.weights));
  CHECK(refused(pix2vox({"train", "--cfg", mini_config, "--data", run.data, "--out",
                         folder / "other", "--set", "train.batch_size=2", "--weights-partial"}),
                2, "--weights"));
}
