// Missing and damaged files: the documented exit code, the file's name, and no crash.
#include <doctest/doctest.h>
#include <unistd.h>

#include "tensor/error.h"
#include "tests/apps/tiny_run.h"

using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

Ended predict(const std::string& picture, const std::string& weights) {
  return pix2vox({"predict", picture, "--weights", weights, "--out", tiny_run().folder / "bad"});
}

// A fresh copy of the tiny data set that a test may damage.
std::string copy_of_data(const TemporaryFolder& folder) {
  const std::string data = folder / "data";
  fs::copy(tiny_run().data, data, fs::copy_options::recursive);
  return data;
}

Ended train_on(const std::string& data) {
  return pix2vox(tiny_training(data, data + "-run"));
}

void cut_in_half(const std::string& file) {
  fs::resize_file(file, fs::file_size(file) / 2);
}

}  // namespace

TEST_CASE("pictures that cannot be read") {
  const TinyRun& run = tiny_run();
  const TemporaryFolder folder;
  CHECK(refused(predict(folder / "none.png", run.weights), 1, "none.png"));

  write_png(box_picture(4), folder / "cut.png");
  cut_in_half(folder / "cut.png");
  CHECK(refused(predict(folder / "cut.png", run.weights), 1, "cut.png"));
  CHECK(refused(predict(folder / "cut.png", run.weights), 1, "cut off"));

  write_text(folder / "text.png", "not a picture");
  CHECK(refused(predict(folder / "text.png", run.weights), 1, "neither a PNG nor a JPEG"));
  write_text(folder / "empty.png", "");
  CHECK(refused(predict(folder / "empty.png", run.weights), 1, "empty"));
  CHECK(refused(predict(folder.path().string(), run.weights), 2, "with --each"));
}

TEST_CASE("checkpoints that cannot be used") {
  const TinyRun& run = tiny_run();
  const TemporaryFolder folder;
  write_png(box_picture(4), folder / "box.png");
  CHECK(refused(predict(folder / "box.png", folder / "none.h5"), 1, "none.h5"));
  CHECK(refused(predict(folder / "box.png", folder / "box.png"), 1, "box.png"));

  std::string bytes = read_text(run.weights);
  bytes[bytes.size() / 2] ^= 1;
  write_text(folder / "flipped.h5", bytes);
  CHECK(refused(predict(folder / "box.png", folder / "flipped.h5"), 1, "flipped.h5"));
  CHECK(refused(predict(folder / "box.png", folder / "flipped.h5"), 1, "checksum"));
  write_text(folder / "cut.h5", bytes.substr(0, bytes.size() / 2));
  CHECK(refused(predict(folder / "box.png", folder / "cut.h5"), 1, "cut.h5"));
}

TEST_CASE("the checkpoint of another model") {
  const TinyRun& run = tiny_run();
  const Ended ended = pix2vox(
      {"test", "--cfg", "configs/Pix2Vox-F.yaml", "--weights", run.weights, "--data", run.data});
  CHECK(refused(ended, 2, run.weights));
  CHECK(says(ended.err, "mini"));
}

TEST_CASE("data sets that are missing, empty or incomplete") {
  const TemporaryFolder folder;
  CHECK(refused(train_on(folder / "none"), 3, folder / "none"));
  fs::create_directory(folder / "empty");
  CHECK(refused(train_on(folder / "empty"), 3, "ShapeNetRendering"));
  CHECK(refused(pix2vox({"dataset", "check", folder / "empty"}), 3, "dataset.json"));
  CHECK(refused(pix2vox({"dataset", "build", "--meshes", folder / "empty", "--out", folder / "x"}),
                3, folder / "empty"));

  const std::string data = copy_of_data(folder);
  fs::remove(tiny_binvox(data, 1));
  CHECK(refused(train_on(data), 3, tiny_binvox(data, 1)));
  const Ended checked = pix2vox({"dataset", "check", data});
  CHECK(checked.code == 3);
  CHECK(says(checked.out + checked.err, tiny_binvox(data, 1)));

  write_text(data + "/dataset.json", "[]");
  CHECK(refused(train_on(data), 3, "dataset.json"));
  write_text(data + "/dataset.json", "[{\"taxonomy_id\": ");
  CHECK(refused(train_on(data), 3, "dataset.json"));
}

TEST_CASE("damaged files in a data set") {
  const TemporaryFolder folder;
  const std::string data = copy_of_data(folder);
  CHECK(pix2vox({"dataset", "check", data}).code == 0);
  cut_in_half(tiny_binvox(data, 2));
  CHECK(refused(train_on(data), 3, tiny_binvox(data, 2)));
  const Ended checked = pix2vox({"dataset", "check", data});
  CHECK(checked.code == 3);
  CHECK(says(checked.out + checked.err, tiny_binvox(data, 2)));
}

TEST_CASE("more objects or views than the data set has, and results that cannot be written") {
  const TinyRun& run = tiny_run();
  const TemporaryFolder folder;
  Arguments training = tiny_training(run.data, folder / "run");
  for (const char* word : {"--dry-run", "--set", "train.batch_size=16"}) training.push_back(word);
  CHECK(refused(pix2vox(training), 2, "only 4 training objects"));
  training.back() = "train.n_views=9";
  CHECK(refused(pix2vox(training), 2, "train.n_views is 9, but no object has more than 2"));
  const auto test = [&](const std::string& flag, const std::string& value) {
    return pix2vox(
        {"test", "--cfg", mini_config, "--weights", run.weights, "--data", run.data, flag, value});
  };
  CHECK(refused(test("--views", "9"), 2, "--views"));
  CHECK(refused(test("--json", folder / "none/test.json"), 2, folder / "none"));
  CHECK(refused(test("--json", folder.path()), 2, "is a folder"));

  write_png(box_picture(4), folder / "box.png");
  const auto predict_into = [&](const std::string& out) {
    return pix2vox({"predict", folder / "box.png", "--weights", run.weights, "--out", out});
  };
  CHECK(refused(predict_into(folder / "box.png"), 1, "box.png"));
  fs::create_directories(folder / "out/box.npy");
  CHECK(refused(predict_into(folder / "out"), 1, "this is a folder"));
  CHECK(refused(pix2vox(tiny_training(run.data, folder / "box.png")), 1, "cannot make the folder"));
}

TEST_CASE("pictures of every kind that cameras and tools write") {
  const TinyRun& run = tiny_run();
  const TemporaryFolder folder;
  for (const int channels : {1, 2, 3, 4}) {
    const std::string file = folder / voxgrad::concat("box", channels, ".png");
    write_png(box_picture(channels), file);
    CHECK(predict(file, run.weights).code == 0);
  }
  const Ended large = [&] {
    write_png(box_picture(4, 1000), folder / "large.png");
    return predict(folder / "large.png", run.weights);
  }();
  CHECK(large.code == 0);
}

TEST_CASE("results that do not fit into the file they are redirected to") {
  CHECK(refused(pix2vox({"summary", "--cfg", mini_config}, "/dev/full"), 1, "standard output"));
}

TEST_CASE("what a killed training left half-written is cleared away") {
  const TinyRun& run = tiny_run();
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  fs::create_directories(out + "/checkpoints");
  // No process has a number that high, and this one is running.
  const std::string left = out + "/checkpoints/.voxgrad-999999999-0.h5.tmp";
  const std::string used = voxgrad::concat(out, "/checkpoints/.voxgrad-", ::getpid(), "-0.h5.tmp");
  write_text(left, "half");
  write_text(used, "half");
  write_text(out + "/checkpoints/notes.tmp", "mine");
  CHECK(pix2vox(tiny_training(run.data, out)).code == 0);
  CHECK_FALSE(fs::exists(left));
  CHECK(fs::exists(used));
  CHECK(fs::exists(out + "/checkpoints/notes.tmp"));
}

TEST_CASE("voxelize writes specks as the voxels that they touch, with a warning") {
  const TemporaryFolder folder;
  write_text(folder / "specks.obj",
             "v 0 0 0\nv 0 0.004 0\nv 0 0.004 0.004\nv 0 0 0.004\nf 1 2 3 4\n"
             "v 5 0 0\nv 5 0.004 0\nv 5 0.004 0.004\nv 5 0 0.004\nf 5 6 7 8\n");
  const auto result = pix2vox({"voxelize", folder / "specks.obj", "--out", folder / "x.binvox"});
  CHECK(result.code == 0);
  CHECK(result.err.find("specks.obj: its parts are too small") != std::string::npos);
  CHECK(result.err.find("8 of 32768 voxels occupied") != std::string::npos);
  CHECK(fs::exists(folder / "x.binvox"));
}

TEST_CASE("meshes that cannot be read") {
  const TemporaryFolder folder;
  const auto voxelize = [&](const std::string& name) {
    return pix2vox({"voxelize", folder / name, "--out", folder / "x.binvox"});
  };
  CHECK(refused(voxelize("none.obj"), 1, "none.obj"));
  write_text(folder / "empty.obj", "");
  CHECK(refused(voxelize("empty.obj"), 1, "empty.obj"));
  write_text(folder / "wrong.off", "OFF\n3 1 0\n0 0 0\n");
  CHECK(refused(voxelize("wrong.off"), 1, "wrong.off"));
  CHECK_FALSE(fs::exists(folder / "x.binvox"));
}
