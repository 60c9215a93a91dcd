// Wrong flags and configurations: exit code 2 and a message that says what would be right.
#include <doctest/doctest.h>

#include "tensor/ops/backend.h"
#include "tests/apps/tiny_run.h"

using namespace voxgrad::testing;

TEST_CASE("help and version are results") {
  const Ended help = pix2vox({"--help"});
  CHECK(help.code == 0);
  for (const char* verb :
       {"train", "test", "predict", "dataset", "voxelize", "gradcheck", "summary"})
    CHECK(says(help.out, verb));
  CHECK(says(pix2vox({"train", "--help"}).out, "--cfg"));
  CHECK(says(pix2vox({"--version"}).out, "pix2vox "));
  for (const Arguments& verb : std::vector<Arguments>{{"train"},
                                                      {"test"},
                                                      {"predict"},
                                                      {"dataset", "build"},
                                                      {"dataset", "check"},
                                                      {"dataset", "stats"},
                                                      {"voxelize"},
                                                      {"gradcheck"},
                                                      {"summary"},
                                                      {"bench"},
                                                      {"doctor"}}) {
    Arguments words = verb;
    words.emplace_back("--help");
    CHECK(says(pix2vox(words).out, "Example"));
  }
}

TEST_CASE("a call without verb, and misspelt verbs and flags") {
  CHECK(refused(pix2vox({}), 2, "--help"));
  CHECK(refused(pix2vox({"trian"}), 2, "Did you mean train?"));
  CHECK(refused(pix2vox({"train", "--cgf", mini_config}), 2, "Did you mean --cfg?"));
  CHECK(refused(pix2vox({"predict", "a.png", "--weigths", "w.h5"}), 2, "Did you mean --weights?"));
  CHECK(refused(pix2vox({"trian"}), 2, "pix2vox has no verb 'trian', only train, test"));
  CHECK(refused(pix2vox({"dataset", "chek", "x"}), 2, "Did you mean check?"));
  CHECK(refused(pix2vox({"dataset", "check", "x", "--fsat"}), 2, "pix2vox dataset check --help"));
  CHECK(refused(pix2vox({"train", "--config", mini_config}), 2, "train has no flag --config"));
  CHECK(refused(pix2vox({"predict", "a.png", "-w", "w.h5"}), 2, "predict has no flag -w"));
  CHECK(refused(pix2vox({"voxelize", "a.obj", "--threads", "-3"}), 2, "-3 not in range"));
  CHECK(refused(pix2vox({"summary"}), 2, "--cfg"));
}

TEST_CASE("wrong configuration") {
  const auto with = [](const std::string& setting) {
    return pix2vox({"summary", "--cfg", mini_config, "--set", setting});
  };
  CHECK(refused(with("train.epoch=3"), 2, "train.epochs"));
  CHECK(refused(with("trian.epochs=3"), 2, "train"));
  CHECK(refused(with("train.epochs=many"), 2, "train.epochs"));
  CHECK(refused(with("train.epochs=-1"), 2, "train.epochs"));
  CHECK(refused(with("model.variant=B"), 2, "model.variant"));
  CHECK(refused(with("train.epochs"), 2, "train.epochs"));
  CHECK(refused(pix2vox({"summary", "--cfg", "configs/none.yaml"}), 2, "configs/none.yaml"));

  const TemporaryFolder folder;
  const auto file = [&](const std::string& yaml) {
    write_text(folder / "wrong.yaml", yaml);
    return pix2vox({"summary", "--cfg", folder / "wrong.yaml"});
  };
  CHECK(refused(file("model:\n  variant: F\ntrain:\n  batchsize: 4\n"), 2, "train.batch_size"));
  CHECK(refused(file("model: [unclosed\n"), 2, "wrong.yaml"));
  CHECK(refused(file("model: {variant: F}\nmodel: {variant: A}\n"), 2, "model"));
  CHECK(refused(file(std::string(300 << 10, '#')), 2, "wrong.yaml"));  // long, but all comments
  CHECK(refused(file(std::string(2 << 20, '#')), 2, "wrong.yaml"));
}

TEST_CASE("a device that is not there") {
  const Ended ended = pix2vox({"gradcheck", "linear", "--cases", "1", "--device", "cuda"});
  if (ended.code == 0) {
    MESSAGE("skipped: a CUDA device is there");
    return;
  }
  CHECK(refused(ended, 4, "CUDA"));
  if (voxgrad::cuda_built_in() && !std::filesystem::exists("/proc/driver/nvidia")) {
    CHECK(refused(ended, 4, "no NVIDIA driver found"));
    CHECK(says(pix2vox({"doctor"}).out, "no NVIDIA driver found"));
  }
  CHECK(refused(pix2vox({"gradcheck", "linear", "--device", "gpu"}), 2, "gpu"));
}

TEST_CASE("values of flags") {
  const TinyRun& run = tiny_run();
  write_png(box_picture(4), run.folder / "flags.png");
  const auto predict = [&](const std::string& flag, const std::string& value) {
    return pix2vox({"predict", run.folder / "flags.png", "--weights", run.weights, "--out",
                    run.folder / "flags", flag, value});
  };
  CHECK(refused(predict("--format", "fbx"), 2, "binvox"));
  CHECK(refused(predict("--threshold", "1.5"), 2, "--threshold"));
  CHECK(refused(pix2vox({"voxelize", "a.obj", "--out", "a.vox"}), 2, ".binvox"));
  CHECK(refused(pix2vox({"gradcheck", "conv4d"}), 2, "conv3d"));
  CHECK(refused(pix2vox({"test", "--cfg", mini_config, "--weights", run.weights, "--data", run.data,
                         "--split", "tests"}),
                2, "test.split"));
}

TEST_CASE("summary counts the published numbers of parameters") {
  const auto summary = [](const std::string& name) {
    const Ended ended = pix2vox({"summary", "--cfg", "configs/" + name + ".yaml", "--json", "-"});
    CHECK(ended.code == 0);
    return ended.out;
  };
  CHECK(says(summary("Pix2Vox-A"), "114244467"));
  CHECK(says(summary("Pix2Vox-F"), "7436307"));
}

TEST_CASE("gradcheck prints one line per case") {
  const Ended ended = pix2vox({"gradcheck", "linear", "--cases", "2"});
  CHECK(ended.code == 0);
  CHECK(says(ended.out, "linear"));
  CHECK(says(ended.out, "ok"));
}
