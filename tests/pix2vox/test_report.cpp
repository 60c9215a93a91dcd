// What a report is made of: sample volumes, and the page's size, notes and safety.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "io/file.h"
#include "pix2vox/report/report.h"
#include "pix2vox/report/run_data.h"
#include "pix2vox/training/metrics.h"
#include "pix2vox/training/run_folder.h"
#include "pix2vox/training/run_status.h"
#include "pix2vox/training/sample_volumes.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

void write_text(const fs::path& file, const std::string& text) {
  write_file_atomically(file, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

/// Values that hardly shrink, in [0,1], another series for each seed.
Tensor noise(const Shape& shape, std::uint32_t seed) {
  Tensor values(shape);
  std::uint32_t state = seed * 2654435761u + 1;
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    state = state * 1664525u + 1013904223u;
    values.data<float>()[i] = float(state >> 8) / float(1 << 24);
  }
  return values;
}

/// A run with samples of `epochs` epochs.
void write_run(const fs::path& root, int epochs, const std::string& object = "chair 1") {
  const RunFolder run{root};
  const RunLock lock = run.create();
  Config config;
  config.train.epochs = epochs;
  run.write_config(to_yaml(config));
  const Tensor truth = noise({2, 16, 16, 16}, 1);
  for (std::int64_t i = 0; i < truth.numel(); ++i)
    truth.data<float>()[i] = truth.data<float>()[i] > 0.5f ? 1.0f : 0.0f;
  write_sample_objects(run.samples(), {{"1", "chair", object}, {"2", "lamp", "2"}},
                       noise({2, 20, 20, 3}, 2), truth);
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    write_sample_volumes(run.samples(), epoch, noise({2, 16, 16, 16}, std::uint32_t(epoch) + 2));
    put_metrics(run.metrics(), {{"epoch", concat(epoch)},
                                {"loss_merged", concat(1.0 / epoch)},
                                {"iou_at_0.2", concat(0.1 * epoch)},
                                {"iou_at_0.4", concat(0.2 * epoch)},
                                {"mean_iou", concat(0.15 * epoch)},
                                {"time", "2026-12-01T00:00:00+0000"}});
  }
}

nlohmann::json data_in(const std::string& page) {
  const std::string begin = "id=\"data\">";
  const std::size_t at = page.find(begin) + begin.size();
  return nlohmann::json::parse(page.substr(at, page.find("</script>", at) - at));
}

}  // namespace

TEST_CASE("sample volumes are read as they were written, in 255 steps") {
  const TemporaryFolder folder;
  write_run(folder / "run", 3);
  const fs::path samples = RunFolder{folder / "run"}.samples();
  CHECK(epochs_with_samples(samples) == std::vector<std::int64_t>{1, 2, 3});
  const SampleObjects objects = read_sample_objects(samples);
  CHECK(objects.objects.at(0).taxonomy_name == "chair");
  CHECK(objects.objects.at(1).object_id == "2");
  const Tensor expected = noise({2, 16, 16, 16}, 4),
               volumes = read_sample_volumes(samples, 2, objects);
  REQUIRE(volumes.numel() == expected.numel());
  double worst = 0;
  for (std::int64_t i = 0; i < volumes.numel(); ++i)
    worst = std::max(worst, std::abs(double(volumes.data<std::uint8_t>()[i]) / 255 -
                                     double(expected.data<float>()[i])));
  CHECK(worst <= 0.5 / 255 + 1e-6);
  CHECK(epochs_with_samples(folder / "nowhere").empty());
}

TEST_CASE("a report keeps its size, with the first and the last epoch in it") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  write_run(run, 40);
  const std::string all = make_report({run});
  CHECK(data_in(all)[0]["samples"]["epochs"].size() == 40);
  const std::size_t limit = all.size() / 2;
  const std::string page = make_report({run}, {.max_bytes = limit});
  CHECK(page.size() <= limit);
  const nlohmann::json data = data_in(page)[0], epochs = data["samples"]["epochs"];
  CHECK(epochs.size() > 2);
  CHECK(epochs.size() < 40);
  CHECK(epochs.front()["epoch"] == 1);
  CHECK(epochs.back()["epoch"] == 40);
  CHECK(says(data["notes"].dump(), "of 40 epochs: more would not fit"));
  CHECK(data["threshold"] == 0.4);
  CHECK(data["config"]["train.epochs"] == "40");
  // "time" is no number.
  CHECK(data["metrics"]["columns"].size() == 5);
}

TEST_CASE("names cannot leave the data of the page") {
  const TemporaryFolder folder;
  write_run(folder / "<b>run", 1, "</script><script>alert(1)</script>");
  const std::string page = make_report({folder / "<b>run"});
  CHECK(page.find("<script>alert") == std::string::npos);
  CHECK(page.find("<b>run") == std::string::npos);
  CHECK(data_in(page)[0]["samples"]["objects"][0]["object"] ==
        "</script><script>alert(1)</script>");
}

TEST_CASE("what cannot be read is a note, and a folder without a run an error") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  write_run(run, 2);
  write_text(run / "samples/epoch_2.safetensors", "damaged");
  write_text(run / "results/test.json", "{\"model\": 1}");
  write_text(run / "config.yaml", "model: [");
  const std::string notes = data_in(make_report({run}))[0]["notes"].dump();
  CHECK(says(notes, "epoch_2.safetensors"));
  CHECK(says(notes, "test.json"));
  CHECK(says(notes, "config.yaml"));
  fs::create_directories(folder / "empty");
  CHECK(says(error_of<ConfigError>([&] { make_report({folder / "empty"}); }), "no run"));
}

TEST_CASE("results of test become a table beside their baselines") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  write_run(run, 1);
  const auto table = [](double a, double b) {
    const nlohmann::json row{{"objects", 3}, {"iou", {a, b}}};
    return nlohmann::json{{"thresholds", {0.3, 0.5}},
                          {"categories", {{"chair", row}}},
                          {"overall", row},
                          {"mean_over_categories", row}};
  };
  const nlohmann::json result{{"split", "test"},
                              {"views", 2},
                              {"model", table(0.5, 0.25)},
                              {"baselines", {{"mean_shape", table(0.1, 0.2)}}}};
  write_text(run / "results/test.json", result.dump());
  const nlohmann::json shown = data_in(make_report({run}))[0]["tables"][0];
  CHECK(shown["title"] == "split test, views: 2");
  CHECK(shown["columns"].size() == 3);
  REQUIRE(shown["rows"].size() == 3);
  CHECK(shown["rows"][0]["name"] == "chair");
  CHECK(shown["rows"][0]["values"] == nlohmann::json{0.5, 0.25, 0.2});
}

TEST_CASE("runs of one name are told apart") {
  const TemporaryFolder folder;
  write_run(folder / "a/run", 1);
  write_run(folder / "b/run", 1);
  const nlohmann::json data = data_in(make_report({folder / "a/run", folder / "b/run"}));
  CHECK(data[0]["name"] != data[1]["name"]);
}

TEST_CASE("a status is read as it was written, and one of a process that is gone is not alive") {
  const TemporaryFolder folder;
  const fs::path file = folder / "status.json";
  CHECK_FALSE(read_status(file));
  RunStatus status;
  status.progress.epoch = 3;
  status.progress.loss_merged = 0.25;
  status.iou = 0.5;
  write_status(file, status);
  const std::optional<RunStatus> read = read_status(file);
  REQUIRE(read);
  CHECK(read->progress.epoch == 3);
  CHECK(read->progress.loss_merged == 0.25);
  CHECK_FALSE(read->progress.refined);
  CHECK(read->iou == 0.5);
  CHECK(is_alive(*read));
  RunStatus gone = *read;
  gone.process = 0x3fffffff;  // more than any system gives out
  CHECK_FALSE(is_alive(gone));
  status.state = "done";
  write_status(file, status);
  CHECK_FALSE(is_alive(*read_status(file)));
  write_text(file, "{\"state\": 3}");
  CHECK_FALSE(read_status(file));
}
