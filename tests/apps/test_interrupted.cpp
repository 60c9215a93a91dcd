// Ctrl-C while a verb works: it says that it heard, and what is done is not lost.
#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "datasets/shapenet/taxonomy.h"
#include "tensor/error.h"
#include "tests/apps/tiny_run.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

/// Until the program has said this, or has ended.
void await(RunningPix2Vox& running, const std::string& words) {
  while (running.running() && running.said().find(words) == std::string::npos)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

/// Sends the signal once something has been printed, to `out` if that is given.
Ended interrupted(const Arguments& words, int signal, const std::string& out) {
  RunningPix2Vox running(words, out);
  while (running.running() && read_text(out).empty())
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  running.signal(signal);
  return running.wait();
}

/// The tiny data set with one test object many times.
std::string many_test_objects(const TemporaryFolder& folder, int count) {
  const fs::path root = folder / "data";
  write_tiny_dataset(root);
  Taxonomy taxonomy = read_taxonomy(root / "dataset.json");
  const std::string first = taxonomy[0].test.front();
  for (int i = 0; i < count; ++i) {
    const std::string name = concat("copy", i);
    for (const char* kind : {"ShapeNetRendering", "ShapeNetVox32"})
      fs::copy(root / kind / "table" / first, root / kind / "table" / name,
               fs::copy_options::recursive | fs::copy_options::create_hard_links);
    taxonomy[0].test.push_back(name);
  }
  write_taxonomy(taxonomy, root / "dataset.json");
  return root.string();
}

}  // namespace

TEST_CASE("gradcheck ends after its case and says what it found") {
  const TemporaryFolder folder;
  const std::string out = folder / "out";
  const Ended ended = interrupted({"gradcheck", "--cases", "1000"}, SIGINT, out);
  CHECK(ended.code == 130);
  CHECK(says(ended.err, "stopping after this case"));
  CHECK(says(ended.err, "stopped after "));
  CHECK(says(ended.err, "these are right"));
  CHECK(says(read_text(out), "ok"));
}

TEST_CASE("test reports the objects that are done") {
  const TinyRun& run = tiny_run();
  const TemporaryFolder folder;
  const std::string data = many_test_objects(folder, 600);
  RunningPix2Vox running({"test", "--cfg", mini_config, "--weights", run.weights, "--data", data,
                          "--json", folder / "test.json"});
  await(running, "testing ");  // a quarter is done
  running.signal(SIGTERM);
  const Ended ended = running.wait();
  CHECK(ended.code == 143);
  CHECK(says(ended.err, "stopping: the objects that are done are reported"));
  const auto json = nlohmann::json::parse(read_text(folder / "test.json"));
  if (json["complete"] == true) {
    MESSAGE("skipped: this machine was done before the signal came");
    return;
  }
  CHECK(json["objects"] > 0);
  CHECK(json["objects"] < 602);
  CHECK(json["model"]["overall"]["objects"] == json["objects"]);
  CHECK(says(ended.out, "overall"));
  CHECK(says(ended.err, "of 602 objects"));
}

TEST_CASE("bench reports the measurements that are done") {
  const TemporaryFolder folder;
  RunningPix2Vox running({"bench", "--cfg", mini_config, "--only", "inference", "--views",
                          "1,2,3,4,5,6,7,8", "--repeats", "200", "--json", folder / "bench.json"});
  await(running, "batch 1, 1 view");
  running.signal(SIGINT);
  const Ended ended = running.wait();
  CHECK(ended.code == 130);
  CHECK(says(ended.err, "stopping after this measurement"));
  CHECK(nlohmann::json::parse(read_text(folder / "bench.json"))["inference"].size() < 8);
}

TEST_CASE("test goes without baselines where there are no training objects, and says so first") {
  const TinyRun& run = tiny_run();
  const TemporaryFolder folder;
  const fs::path data = folder / "data";
  fs::copy(run.data, data, fs::copy_options::recursive);
  const auto test = [&] {
    return pix2vox({"test", "--cfg", mini_config, "--weights", run.weights, "--data", data.string(),
                    "--json", folder / "test.json"});
  };
  Taxonomy taxonomy = read_taxonomy(data / "dataset.json");
  const std::vector<std::string> training = std::exchange(taxonomy[0].train, {});
  write_taxonomy(taxonomy, data / "dataset.json");
  Ended ended = test();
  CHECK(ended.code == 0);
  CHECK(says(ended.out, "overall"));
  CHECK(ended.out.find("mean shape") == std::string::npos);
  CHECK(says(ended.err, "warning: no baselines: the data set has no training objects"));
  CHECK(ended.err.find("no baselines") < ended.err.find("testing"));
  auto json = nlohmann::json::parse(read_text(folder / "test.json"));
  CHECK(json["no_baselines"] == "the data set has no training objects");
  CHECK_FALSE(json.contains("baselines"));

  // A training volume that is missing, and one that turns out to be damaged.
  taxonomy[0].train = training;
  write_taxonomy(taxonomy, data / "dataset.json");
  fs::rename(tiny_binvox(data, 1), tiny_binvox(data, 1) + ".away");
  ended = test();
  CHECK(ended.code == 0);
  CHECK(says(ended.err, "warning: no baselines: 1 of 4 objects"));
  fs::rename(tiny_binvox(data, 1) + ".away", tiny_binvox(data, 1));
  fs::resize_file(tiny_binvox(data, 2), fs::file_size(tiny_binvox(data, 2)) / 2);
  ended = test();
  CHECK(ended.code == 0);
  CHECK(says(ended.out, "overall"));
  CHECK(says(ended.err, "warning: no baselines: "));
  CHECK(says(ended.err, tiny_binvox(data, 2)));
}
