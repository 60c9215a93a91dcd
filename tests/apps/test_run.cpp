// What works: the way from a data set to a prediction, and what an interrupted training leaves.
#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "tests/apps/tiny_run.h"
#include "voxels/grid/binvox.h"
#include "voxels/grid/npy.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

Ended predict(const std::vector<std::string>& pictures, const std::string& out) {
  Arguments arguments{"predict"};
  arguments.insert(arguments.end(), pictures.begin(), pictures.end());
  for (const std::string& word :
       {std::string("--weights"), tiny_run().weights, std::string("--out"), out})
    arguments.push_back(word);
  return pix2vox(arguments);
}

}  // namespace

TEST_CASE("a training leaves a run folder and prints its best checkpoint") {
  const TinyRun& run = tiny_run();
  for (const char* file :
       {"config.yaml", "log.txt", "metrics.csv", "checkpoints/last.h5", "checkpoints/best.h5"})
    CHECK_MESSAGE(fs::exists(fs::path(run.run) / file), file);
  const Ended again = pix2vox(tiny_training(run.data, run.run));
  CHECK(refused(again, 2, "--resume"));
}

TEST_CASE("a training that cannot write its status continues and says so") {
  const TinyRun& run = tiny_run();
  const std::string out = run.folder / "without_status";
  fs::create_directories(out + "/status.json.new");  // in the way of what is written
  const Ended ended = pix2vox(tiny_training(run.data, out));
  CHECK(ended.code == 0);
  CHECK(
      says(ended.err, "pix2vox watch sees no progress from here on: " + out + "/status.json.new"));
  CHECK(says(read_text(out + "/log.txt"), "pix2vox watch sees no progress"));
  CHECK(fs::exists(out + "/checkpoints/best.h5"));
}

TEST_CASE("test prints a table and writes JSON") {
  const TinyRun& run = tiny_run();
  const std::string json = run.folder / "test.json";
  const Ended ended = pix2vox(
      {"test", "--cfg", mini_config, "--weights", run.weights, "--data", run.data, "--json", json});
  CHECK(ended.code == 0);
  CHECK(says(ended.out, "table"));
  CHECK(says(ended.out, "overall"));
  CHECK(says(read_text(json), "mean_shape"));
}

TEST_CASE("predict writes probabilities, voxels, a mesh and a picture") {
  const TinyRun& run = tiny_run();
  const std::string picture = run.folder / "box.png", out = run.folder / "predicted";
  write_png(box_picture(4), picture);
  const Ended ended = predict({picture, picture}, out);
  CHECK(ended.code == 0);
  CHECK(says(ended.out, out + "/box.npy"));
  const VoxelGrid grid = read_npy(out + "/box.npy");
  CHECK(grid.n == 32);
  bool probabilities = true;
  for (const float value : grid.values) probabilities = probabilities && value >= 0 && value <= 1;
  CHECK(probabilities);
  CHECK(read_binvox(out + "/box.binvox").n == 32);
  CHECK(read_image(out + "/box.png").width > 32);
}

TEST_CASE("predict takes a picture without alpha and says when it cannot tell the object") {
  const TinyRun& run = tiny_run();
  const std::string plain = run.folder / "plain.png", noisy = run.folder / "noisy.png";
  write_png(box_picture(3), plain);
  const Ended good = predict({plain}, run.folder / "plain");
  CHECK(good.code == 0);
  CHECK(good.err.find("background") == std::string::npos);

  Image photo = box_picture(3);
  for (std::size_t i = 0; i < photo.pixels.size(); ++i) photo.pixels[i] = std::uint8_t(i * i % 251);
  write_png(photo, noisy);
  const Ended warned = predict({noisy}, run.folder / "noisy");
  CHECK(warned.code == 0);
  CHECK(says(warned.err, "background"));
  CHECK(fs::exists(run.folder / "noisy/noisy.npy"));
}

TEST_CASE("a killed training leaves its folder unlocked") {
  const TinyRun& run = tiny_run();
  const std::string out = run.folder / "killed";
  RunningPix2Vox training(tiny_training(run.data, out, 100000));
  while (training.running() && !fs::exists(out + "/checkpoints/last.h5"))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  training.signal(SIGKILL);
  CHECK(training.wait().code == -SIGKILL);
  Arguments rest = tiny_training(run.data, out);
  rest.emplace_back("--resume");
  CHECK(pix2vox(rest).code == 0);
}

TEST_CASE("a training stopped by SIGTERM saves, says so by its exit code, and can be resumed") {
  const TinyRun& run = tiny_run();
  const std::string out = run.folder / "stopped";
  RunningPix2Vox training(tiny_training(run.data, out, 100000));
  while (training.running() && !fs::exists(out + "/checkpoints/last.h5"))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  Arguments rest = tiny_training(run.data, out);
  rest.emplace_back("--resume");
  CHECK(refused(pix2vox(rest), 2, "in use by another training"));
  training.signal(SIGTERM);
  const Ended ended = training.wait();
  CHECK(ended.code == 143);
  CHECK(fs::exists(out + "/checkpoints/last.h5"));
  CHECK(pix2vox(rest).code == 0);
}

TEST_CASE("generated objects are a data set that trains beside another") {
  const TemporaryFolder folder;
  const std::string out = folder / "generated";
  const Ended made =
      pix2vox({"dataset", "synth", "--out", out, "--count", "6", "--views", "2", "--image-size",
               "32", "--categories", "lamp,chair", "--elevation", "5", "50", "--materials", "0.5"});
  CHECK(made.code == 0);
  CHECK(says(made.out, out + "/dataset.json"));
  CHECK(says(made.err, "6 objects in 2 categories"));
  CHECK(pix2vox({"dataset", "check", out}).code == 0);

  Arguments training = tiny_training(tiny_run().data, folder / "run");
  for (const std::string& word :
       {std::string("--dry-run"), std::string("--set"), "data.mix=[" + out + "]"})
    training.push_back(word);
  const Ended trained = pix2vox(training);
  CHECK(trained.code == 0);
  CHECK(says(trained.err, "10 training objects"));
  CHECK(says(trained.err, "mixed in: " + out + ": 6 objects of weight 1"));
  CHECK(refused(pix2vox({"dataset", "synth", "--out", folder / "x", "--categories", "chiar"}), 2,
                "there are airplane"));
}
