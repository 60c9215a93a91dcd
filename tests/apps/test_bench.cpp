// `pix2vox bench` on a small network: the fields that it promises, with values that can be true.
#include <doctest/doctest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/apps/tiny_run.h"

using namespace voxgrad::testing;
using nlohmann::json;

namespace {

json bench(const Arguments& more) {
  Arguments words{"bench", "--cfg", mini_config, "--json", "-", "--warm-up", "1", "--repeats", "2"};
  words.insert(words.end(), more.begin(), more.end());
  const Ended ended = pix2vox(words);
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  return json::parse(ended.out);
}

void check_figures(const json& figures, const json& peak) {
  const double median = figures.at("median_ms"), least = figures.at("min_ms");
  const double operations = figures.at("operations"), rate = figures.at("gflops");
  CHECK(least > 0);
  CHECK(median >= least);
  CHECK(figures.at("runs_ms").size() == 2);
  CHECK(rate == doctest::Approx(operations / median / 1e6));
  CHECK(double(figures.at("share_of_peak")) == doctest::Approx(rate / double(peak.at("gflops"))));
  CHECK(double(figures.at("floor_ms")) ==
        doctest::Approx(operations / double(peak.at("gflops")) / 1e6));
}

}  // namespace

TEST_CASE("bench measures inference, a training step and every layer [slow]") {
  const json found = bench({"--only", "inference,training,layers", "--views", "1,2",
                            "--train-batch", "2", "--set", "model.n_vox=16"});
  CHECK(found.at("device") == "cpu");
  CHECK(found.at("precision") == "f32");
  CHECK(found.at("threads") == 2);
  CHECK(double(found.at("peak").at("gflops")) > 1);
  CHECK(found.at("loader").is_null());
  CHECK(found.at("start").empty());

  const json summary = json::parse(
      pix2vox({"summary", "--cfg", mini_config, "--json", "-", "--set", "model.n_vox=16"}).out);
  const double weights = 4 * double(summary.at("parameters"));
  const double work = 2 * double(summary.at("multiply_adds"));

  REQUIRE(found.at("inference").size() == 2);
  for (const json& figures : found.at("inference")) {
    check_figures(figures, found.at("peak"));
    CHECK(figures.at("batch") == 1);
    // The small network has neither merger nor refiner: everything runs once a view.
    CHECK(double(figures.at("operations")) == doctest::Approx(work * double(figures.at("views"))));
    CHECK(double(figures.at("memory").at("peak_bytes")) > weights);
    CHECK(figures.at("memory").at("reserved_bytes") >= figures.at("memory").at("peak_bytes"));
  }

  REQUIRE(found.at("training").size() == 1);
  const json& step = found.at("training")[0];
  check_figures(step, found.at("peak"));
  CHECK(step.at("batch") == 2);
  // Nearly all layers compute both gradients.
  CHECK(double(step.at("operations")) < 2 * 3 * work);
  CHECK(double(step.at("operations")) > 2 * 2.5 * work);
  CHECK(double(step.at("data_wait_share")) >= 0);
  // Weights, gradients, and Adam's two moments.
  CHECK(double(step.at("memory").at("peak_bytes")) > 4 * weights);
  CHECK(double(step.at("memory").at("peak_bytes")) < 4 * weights + 200e6);

  // Every layer of the summary, by its name in the network, took time in all three passes.
  std::size_t matched = 0;
  double inference = 0;
  for (const json& layer : found.at("layers")) {
    inference += double(layer.at("inference").at("ms"));
    if (layer.at("kind") == "") continue;
    CAPTURE(layer.at("name"));
    REQUIRE(matched < summary.at("layers").size());
    CHECK(layer.at("name") == summary.at("layers")[matched++].at("name"));
    CHECK(double(layer.at("forward").at("ms")) > 0);
    CHECK(double(layer.at("backward").at("ms")) > 0);
    const double multiply_adds = layer.at("multiply_adds");
    CHECK(double(layer.at("forward").at("operations")) == 2 * 2 * multiply_adds);
  }
  CHECK(matched == summary.at("layers").size());
  CHECK(inference > 0);
}

TEST_CASE("bench measures in bf16") {
  const json found =
      bench({"--only", "inference", "--views", "1", "--precision", "bf16", "--device", "cpu"});
  CHECK(found.at("precision") == "bf16");
  check_figures(found.at("inference")[0], found.at("peak"));
  CHECK(says(found.at("peak").at("how"), "bf16"));
}

TEST_CASE("bench times the first prediction of a process, and the loader") {
  const TinyRun& run = tiny_run();
  const json found = bench({"--only", "start,loader", "--weights", run.weights, "--data", run.data,
                            "--seconds", "0.2", "--set", "train.batch_size=2"});
  REQUIRE(found.at("start").size() == 1);
  CHECK(found.at("start")[0].at("weights") == run.weights);
  CHECK(double(found.at("start")[0].at("median_ms")) > 1);
  CHECK(double(found.at("loader").at("pictures_per_second_from_files")) > 0);
  CHECK(double(found.at("loader").at("pictures_per_second_from_memory")) > 0);
  CHECK(found.at("inference").empty());
}

TEST_CASE("the first prediction is that of a packed program's launcher, where there is one") {
  const TemporaryFolder folder;
  const std::string launcher = (folder.path() / "launcher").string();
  write_text(launcher, "#!/bin/sh\necho 'the launcher ran' >&2\nexit 9\n");
  std::filesystem::permissions(launcher, std::filesystem::perms::owner_all);
  setenv("VOXGRAD_PROGRAM", launcher.c_str(), 1);
  const Ended ended = pix2vox({"bench", "--cfg", mini_config, "--only", "start"});
  unsetenv("VOXGRAD_PROGRAM");
  CHECK(refused(ended, 1, "predict ended with 9: the launcher ran"));
}

TEST_CASE("bench looks at data and weights before it measures") {
  for (const Arguments& missing :
       std::vector<Arguments>{{"--only", "start", "--weights", "none.h5"}, {"--data", "none"}}) {
    Arguments words{"bench", "--cfg", mini_config};
    words.insert(words.end(), missing.begin(), missing.end());
    const Ended ended = pix2vox(words);
    CHECK(refused(ended, missing.front() == "--data" ? 3 : 1, missing.back()));
    CHECK(ended.err.find("peak") == std::string::npos);  // which is measured first
  }
}

TEST_CASE("bench refuses flags that make no sense") {
  CHECK(refused(pix2vox({"bench", "--only", "speed"}), 2, "inference"));
  CHECK(refused(pix2vox({"bench", "--train-batch", "1"}), 2, "--train-batch"));
  CHECK(refused(pix2vox({"bench", "--repeats", "0"}), 2, "--repeats"));
  CHECK(refused(pix2vox({"bench", "--cfg", "none.yaml"}), 2, "none.yaml"));
  CHECK(refused(pix2vox({"bench", "--only", "loader"}), 2, "--data"));
  CHECK(refused(pix2vox({"bench", "--precision", "f16"}), 2, "bf16"));
  CHECK(refused(pix2vox({"bench", "--precision", "tf32", "--device", "cpu"}), 2, "tf32"));
  CHECK(refused(pix2vox({"bench", "--view", "1"}), 2, "Did you mean --views?"));
}
