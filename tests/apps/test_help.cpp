// The help that the program gives: by verb, and for terminals of 80 columns.
#include <doctest/doctest.h>

#include <sstream>

#include "tests/apps/tiny_run.h"

using namespace voxgrad::testing;

namespace {

const std::vector<Arguments>& all_verbs() {
  static const std::vector<Arguments> verbs{{"train"},
                                            {"test"},
                                            {"predict"},
                                            {"report"},
                                            {"watch"},
                                            {"serve"},
                                            {"dataset"},
                                            {"dataset", "build"},
                                            {"dataset", "check"},
                                            {"dataset", "look"},
                                            {"dataset", "pack"},
                                            {"dataset", "stats"},
                                            {"voxelize"},
                                            {"gradcheck"},
                                            {"summary"},
                                            {"bench"},
                                            {"doctor"},
                                            {"help"}};
  return verbs;
}

std::string help_of(Arguments words) {
  words.emplace_back("--help");
  const Ended ended = pix2vox(words);
  CHECK(ended.code == 0);
  return ended.out;
}

}  // namespace

TEST_CASE("help VERB says what VERB --help says") {
  for (const Arguments& verb : all_verbs()) {
    CAPTURE(verb.back());
    Arguments words{"help"};
    words.insert(words.end(), verb.begin(), verb.end());
    const Ended ended = pix2vox(words);
    CHECK(ended.code == 0);
    CHECK(ended.out == help_of(verb));
    CHECK(says(ended.out, "Usage: pix2vox " + verb.front()));
  }
  CHECK(pix2vox({"help"}).out == help_of({}));
  CHECK(refused(pix2vox({"help", "trian"}), 2, "Did you mean train?"));
  CHECK(refused(pix2vox({"help", "train", "now"}), 2, "pix2vox train has no verb 'now'"));
}

TEST_CASE("every help page fits 80 columns") {
  std::vector<Arguments> pages = all_verbs();
  pages.emplace_back();
  for (const Arguments& page : pages) {
    std::istringstream lines(help_of(page));
    for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= 80, line);
  }
}
