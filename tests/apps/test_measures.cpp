// pix2vox test: its measures beside IoU, several numbers of views, calibration, per-object files.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "pix2vox/checkpoint/checkpoint.h"
#include "tests/apps/tiny_run.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

Arguments test_with(const Arguments& more) {
  const TinyRun& run = tiny_run();
  Arguments words{"test", "--cfg", mini_config, "--weights", run.weights, "--data", run.data};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace

TEST_CASE("test measures shapes, calibration and rivals, and says how in its foot") {
  const TemporaryFolder folder;
  const Ended ended = pix2vox(
      test_with({"--views", "1,2", "--points", "500", "--json", folder / "t.json", "--csv",
                 folder / "t.csv", "--gallery", folder / "gallery", "--protocol", "pix3d"}));
  CHECK(ended.code == 0);
  for (const char* part :
       {"\nSurfaces:\n  category", "F@1%", "Chamfer", "500 points by area", "seed 0", "iso value 0",
        "expected error", "nearest pic", "Pix3D's protocol", "views"})
    CHECK(says(ended.out, part));
  const auto json = nlohmann::json::parse(read_text(folder / "t.json"));
  CHECK(json["by_views"].size() == 2);
  CHECK(json["by_views"][1]["views"] == 2);
  CHECK(json["model"] == json["by_views"][0]["model"]);
  CHECK(json["shapes"]["points"] == 500);
  CHECK(json["shapes"]["overall"]["fscore"].size() == 6);
  CHECK(json["shapes"]["overall"]["objects"] == 2);
  CHECK(json["calibration"]["bins"].size() == 20);
  CHECK(json["nearest_picture"]["iou"]["overall"]["objects"] == 2);
  CHECK(json["pix3d"]["iou"].get<double>() >= 0);
  const std::string csv = read_text(folder / "t.csv");
  CHECK(csv.starts_with("number,category_id,category,object,iou_at_0.2"));
  CHECK(std::ranges::count(csv, '\n') == 3);
  CHECK(says(read_text(folder / "gallery/index.tsv"), "best"));
  CHECK(std::ranges::distance(fs::directory_iterator(folder / "gallery")) >= 2);
  // The same command gives the same numbers.
  const Ended again =
      pix2vox(test_with({"--views", "1,2", "--points", "500", "--protocol", "pix3d"}));
  CHECK(again.out == ended.out);
}

TEST_CASE("test --calibrate keeps thresholds in the checkpoint, and predict takes them") {
  const TemporaryFolder folder;
  const std::string weights = folder / "w.h5";
  Checkpoint checkpoint = load_checkpoint(tiny_run().weights);
  CHECK_FALSE(checkpoint.category_thresholds.empty());  // training chose some
  checkpoint.threshold = 0.99;
  checkpoint.category_thresholds.clear();
  save_checkpoint(weights, checkpoint);
  const Ended ended = pix2vox({"test", "--cfg", mini_config, "--weights", weights, "--data",
                               tiny_run().data, "--calibrate", "--no-baselines", "--no-fscore"});
  CHECK(ended.code == 0);
  CHECK(says(ended.err, "before 0.99"));
  CHECK(ended.out.find("F@1%") == std::string::npos);
  const Checkpoint now = load_checkpoint(weights);
  CHECK(now.threshold < 0.99);
  REQUIRE_FALSE(now.category_thresholds.empty());
  REQUIRE(now.model.size() == checkpoint.model.size());

  write_png(box_picture(4), folder / "box.png");
  const auto predict = [&](const Arguments& more) {
    Arguments words{"predict", folder / "box.png", "--weights", weights,
                    "--out",   folder / "out",     "--format",  "npy"};
    words.insert(words.end(), more.begin(), more.end());
    return pix2vox(words);
  };
  CHECK(says(predict({}).err, "these weights' own"));
  const std::string name = now.category_thresholds[0].name;
  CHECK(says(predict({"--category", name}).err, "these weights' own for " + name));
  CHECK(refused(predict({"--category", "spoon"}), 2, "no threshold of a category 'spoon'"));
}

TEST_CASE("wrong calls of test's measures") {
  CHECK(refused(pix2vox(test_with({"--views", "0"})), 2, "--views 0"));
  CHECK(refused(pix2vox(test_with({"--protocol", "none"})), 2, "--protocol"));
  CHECK(refused(pix2vox(test_with({"--points", "1"})), 2, "--points"));
}
