// pix2vox predict: what it does with many pictures, bad ones among them, and where results go.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "tensor/error.h"
#include "tests/apps/tiny_run.h"
#include "tests/support/source_tree.h"
#include "voxels/grid/binvox.h"
#include "voxels/grid/npy.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

Arguments with_weights(Arguments words) {
  for (const std::string& word : {std::string("--weights"), tiny_run().weights})
    words.push_back(word);
  return words;
}

Ended predict(Arguments words) {
  words.insert(words.begin(), "predict");
  return pix2vox(with_weights(std::move(words)));
}

void write_damaged(const std::string& file) {
  write_png(box_picture(4), file);
  fs::resize_file(file, fs::file_size(file) / 2);
}

/// A picture with a chunk that no pixel depends on and whose checksum is wrong.
void write_repairable(const std::string& file) {
  write_png(box_picture(4), file);
  std::string bytes = read_text(file);
  bytes.insert(bytes.size() - 12, std::string("\0\0\0\0tEXt\1\2\3\4", 12));
  write_text(file, bytes);
}

}  // namespace

TEST_CASE("--each continues after a bad picture, says so at the end and fails") {
  const TemporaryFolder folder;
  for (const char* name : {"a.png", "c.png"}) write_png(box_picture(4), folder / name);
  write_damaged(folder / "b.png");
  const Ended ended =
      predict({"--each", folder / "a.png", folder / "b.png", folder / "none.png", folder / "c.png",
               "--out", folder / "out", "--format", "npy", "--json", folder / "results.json"});
  CHECK(ended.code == 1);
  CHECK(fs::exists(folder / "out/a.npy"));
  CHECK_FALSE(fs::exists(folder / "out/b.npy"));
  CHECK(fs::exists(folder / "out/c.npy"));
  CHECK(says(ended.err, "b.png: PNG cut off"));
  CHECK(says(ended.err, "2 of 4 pictures predicted, 2 not: "));
  CHECK(says(ended.out, folder / "out/c.npy"));
  const auto json = nlohmann::json::parse(read_text(folder / "results.json"));
  REQUIRE(json["objects"].size() == 4);
  CHECK(json["objects"][0]["files"][0].get<std::string>() == folder / "out/a.npy");
  CHECK(json["objects"][1]["error"].get<std::string>().find("cut off") != std::string::npos);
  CHECK(json["objects"][3]["voxels"] == 32 * 32 * 32);
}

TEST_CASE("pictures of one name are told apart by their folders") {
  const TemporaryFolder folder;
  for (const char* name : {"one/rendering", "two/rendering", "three"})
    fs::create_directories(folder / name);
  const std::string a = folder / "one/rendering/00.png", b = folder / "two/rendering/00.png",
                    c = folder / "three/01.png", d = folder / "three/01.jpg";
  for (const std::string& file : {a, b, c, d}) write_png(box_picture(4), file);
  const auto names = [&](const Arguments& pictures) {
    Arguments words{"--each", "--out", folder / "out", "--format", "npy"};
    words.insert(words.end(), pictures.begin(), pictures.end());
    fs::remove_all(folder / "out");
    const Ended ended = predict(words);
    CHECK(ended.code == 0);
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(folder / "out"))
      files.push_back(entry.path().filename().string());
    std::ranges::sort(files);
    return files;
  };
  CHECK(names({a, b}) == std::vector<std::string>{"one-rendering-00.npy", "two-rendering-00.npy"});
  CHECK(names({a, c}) == std::vector<std::string>{"00.npy", "01.npy"});
  CHECK(names({c, d}) == std::vector<std::string>{"01-jpg.npy", "01-png.npy"});
  CHECK(refused(
      predict({"--each", a, folder / "two/../one/rendering/00.png", "--out", folder / "twice"}), 2,
      "given twice"));
  CHECK_FALSE(fs::exists(folder / "twice"));
}

TEST_CASE("a prediction that fails leaves no folder, and names the first wrong thing") {
  const TinyRun& run = tiny_run();
  const TemporaryFolder folder;
  write_png(box_picture(4), folder / "good.png");
  write_damaged(folder / "bad.png");
  const std::string out = folder / "new/out";
  const auto attempt = [&](const std::string& picture, const std::string& weights) {
    return pix2vox({"predict", picture, "--weights", weights, "--out", out});
  };
  CHECK(refused(attempt(folder / "none.png", folder / "none.h5"), 1, "none.png"));
  CHECK(refused(attempt(folder / "bad.png", folder / "none.h5"), 1, "bad.png"));
  CHECK(refused(attempt(folder / "good.png", folder / "none.h5"), 1, "none.h5"));
  CHECK(refused(attempt(folder / "bad.png", run.weights), 1, "bad.png"));
  CHECK_FALSE(fs::exists(folder / "new"));
  CHECK(attempt(folder / "good.png", run.weights).code == 0);
  CHECK(fs::exists(out + "/good.npy"));
}

TEST_CASE("no file written is no success") {
  const TemporaryFolder folder;
  write_png(box_picture(4), folder / "box.png");
  const auto meshes = [&](const Arguments& more) {
    Arguments words{folder / "box.png", "--out", folder / "out", "--threshold", "1", "--format"};
    words.insert(words.end(), more.begin(), more.end());
    return predict(words);
  };
  CHECK(refused(meshes({"obj"}), 1, "nothing was written"));
  CHECK(refused(meshes({"obj", "--each"}), 1, "0 of 1 picture predicted"));
  CHECK_FALSE(fs::exists(folder / "out"));
  CHECK(meshes({"obj,npy"}).code == 0);
  CHECK(fs::exists(folder / "out/box.npy"));
}

TEST_CASE("flags of predict: NaN, the end of flags, formats in capitals") {
  const TemporaryFolder folder;
  const std::string picture = folder / "box.png";
  write_png(box_picture(4), picture);
  for (const char* number : {"nan", "inf", "1.5", "-0.1", "0.3x", ""})
    CHECK(refused(predict({picture, "--threshold", number}), 2, "--threshold"));
  CHECK(predict({picture, "--out", folder / "stl", "--threshold", "0", "--format", "STL,Npy,stl"})
            .code == 0);
  CHECK(fs::exists(folder / "stl/box.stl"));
  CHECK(fs::exists(folder / "stl/box.npy"));
  // The program runs in the repository's root.
  const std::string dashed = "-" + fs::path(folder.path()).filename().string() + ".png";
  write_png(box_picture(4), dashed);
  const Ended good = pix2vox({"predict", "--out", folder / "dash", "--format", "npy", "--weights",
                              tiny_run().weights, "--", dashed});
  fs::remove(dashed);
  CHECK(good.code == 0);
  CHECK(fs::exists(folder / ("dash/" + fs::path(dashed).stem().string() + ".npy")));
}

TEST_CASE("damage that viewers overlook is a warning of predict, and dark backgrounds are") {
  const TemporaryFolder folder;
  write_png(box_picture(4), folder / "good.png");
  write_repairable(folder / "repairable.png");
  Image dark = box_picture(3);
  for (std::uint8_t& value : dark.pixels) value = value == 255 ? 5 : value;
  write_png(dark, folder / "dark.png");
  const auto values = [&](const std::string& name) {
    const Ended ended =
        predict({folder / (name + ".png"), "--out", folder / "out", "--format", "npy"});
    CHECK(ended.code == 0);
    return std::pair(read_npy(folder / ("out/" + name + ".npy")).values, ended.err);
  };
  const auto [good, silence] = values("good");
  CHECK(silence.find("damaged") == std::string::npos);
  const auto [repaired, warning] = values("repairable");
  CHECK(repaired == good);
  CHECK(says(warning, "warning: "));
  CHECK(says(warning, "repairable.png: PNG damaged: wrong checksum of the chunk tEXt"));
  CHECK(says(values("dark").second, "the background is dark"));
}

TEST_CASE("a prediction takes the place in space of the volume it is compared with") {
  const TinyRun& run = tiny_run();
  const TemporaryFolder folder;
  fs::copy(run.data, folder / "data", fs::copy_options::recursive);
  const std::string truth = tiny_binvox(folder / "data", 6);
  VoxelGrid grid = read_binvox(truth);
  grid.translate = {1.5, -2, 0.25};
  grid.scale = 3;
  write_binvox(grid, truth);
  const std::string view = folder / "data/ShapeNetRendering/table/object6/rendering/00.png";
  const auto frame = [&](const Arguments& more) {
    Arguments words{"--out", folder / "out", "--threshold", "0", "--format", "binvox,obj"};
    words.insert(words.end(), more.begin(), more.end());
    CHECK(predict(words).code == 0);
    return read_binvox(folder / "out/00.binvox");
  };
  VoxelGrid predicted = frame({view});
  CHECK(predicted.translate == grid.translate);
  CHECK(predicted.scale == grid.scale);
  fs::copy(view, folder / "00.png");
  predicted = frame({folder / "00.png"});
  CHECK(predicted.scale == 1);
  predicted = frame({folder / "00.png", "--frame", truth});
  CHECK(predicted.translate == grid.translate);
  CHECK(refused(predict({view, "--frame", folder / "none.binvox"}), 1, "none.binvox"));
}

TEST_CASE("a limit of a file's size ends a prediction like a full disk") {
  const TemporaryFolder folder;
  tiny_run();
  write_png(box_picture(4), folder / "box.png");
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit small = before;
  small.rlim_cur = 40000;  // the volume has 131,200 bytes
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const Ended ended = predict({folder / "box.png", "--out", folder / "out", "--format", "npy"});
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(refused(ended, 1, "box.npy: cannot write: File too large"));
  CHECK_FALSE(fs::exists(folder / "out"));
}

TEST_CASE("an interrupted prediction keeps what is done") {
  const TemporaryFolder folder;
  Arguments words{"predict", "--each", "--out", folder / "out", "--format", "npy"};
  for (int i = 0; i < 400; ++i) {
    const std::string picture = folder / concat("p", i, ".png");
    if (i == 0)
      write_png(box_picture(4), picture);
    else
      fs::create_hard_link(folder / "p0.png", picture);
    words.push_back(picture);
  }
  RunningPix2Vox running(with_weights(words));
  while (running.running() && !fs::exists(folder / "out/p1.npy"))
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  running.signal(SIGINT);
  const Ended ended = running.wait();
  CHECK(ended.code == 130);
  CHECK(says(ended.err, "stopping"));
  CHECK(says(ended.err, "of 400 pictures done, their files are kept"));
  CHECK(fs::exists(folder / "out/p0.npy"));
  CHECK_FALSE(fs::exists(folder / "out/p399.npy"));
}

TEST_CASE("without --weights the ones that come with the program are taken, and named") {
  const TemporaryFolder folder;
  const Ended result = pix2vox({"predict", in_source_tree("tests/golden/pictures/picture_137.png"),
                                "--out", folder / "out", "--format", "npy,binvox"});
  CHECK(result.code == 0);
  CHECK(result.err.find("models/pix2vox-pp-f.safetensors, which come with Voxgrad") !=
        std::string::npos);
  CHECK(fs::exists(folder / "out/picture_137.npy"));
  const Ended models = pix2vox({"models"});
  CHECK(models.code == 0);
  CHECK(models.out.find("Pix2Vox++/F, 32^3 voxels") != std::string::npos);
}
