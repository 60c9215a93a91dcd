// --json FILE|- means the same in every verb: the results, to a file, or alone on standard output.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/tiny_run.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

struct Verb {
  Arguments words;
  const char* key;  // of the document, or of its first entry
};

std::vector<Verb> verbs(const TemporaryFolder& folder) {
  const TinyRun& run = tiny_run();
  write_png(box_picture(4), folder / "box.png");
  write_text(folder / "tetrahedron.off",
             "OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n");
  return {
      {{"test", "--cfg", mini_config, "--weights", run.weights, "--data", run.data}, "model"},
      {{"predict", folder / "box.png", "--weights", run.weights, "--out", folder / "out"},
       "objects"},
      {{"dataset", "check", run.data}, "good"},
      {{"dataset", "stats", run.data}, "objects"},
      {{"voxelize", folder / "tetrahedron.off", "--out", folder / "t.binvox", "--resolution", "8"},
       "occupied"},
      {{"gradcheck", "linear", "--cases", "1"}, "layer"},
      {{"summary", "--cfg", mini_config}, "parameters"},
      {{"bench", "--cfg", mini_config, "--only", "inference", "--views", "1", "--repeats", "1"},
       "inference"},
      {{"doctor"}, "processor"},
  };
}

bool has_key(const std::string& text, const std::string& key) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) MESSAGE("no JSON: " << text);
  return !json.is_discarded() && (json.is_array() ? json[0] : json).contains(key);
}

}  // namespace

TEST_CASE("--json - prints the document alone, --json FILE writes it beside the text") {
  const TemporaryFolder folder;
  for (const Verb& verb : verbs(folder)) {
    CAPTURE(verb.words.front());
    Arguments words = verb.words;
    words.insert(words.end(), {"--json", "-"});
    const Ended printed = pix2vox(words);
    CHECK(printed.code == 0);
    CHECK(has_key(printed.out, verb.key));

    words.back() = folder / (verb.words.front() + ".json");
    const Ended written = pix2vox(words);
    CHECK(written.code == 0);
    CHECK(has_key(read_text(words.back()), verb.key));
    CHECK_FALSE(written.out.empty());
    CHECK(written.out.find('{') == std::string::npos);

    words.back() = folder / "none/x.json";
    CHECK(refused(pix2vox(words), 2, "there is no folder"));
  }
}

TEST_CASE("train tells its outcome as JSON") {
  const TinyRun& run = tiny_run();
  const TemporaryFolder folder;
  Arguments words = tiny_training(run.data, folder / "run");
  words.insert(words.end(), {"--json", "-"});
  const Ended ended = pix2vox(words);
  CHECK(ended.code == 0);
  const auto json = nlohmann::json::parse(ended.out);
  CHECK(json["best"].get<std::string>() == folder / "run/checkpoints/best.h5");
  CHECK(json["epochs"] == 1);
  CHECK(json["interrupted"] == false);
}
