// The completion of shells and the manual page against the program's own --help.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

#include "tests/apps/program.h"

using namespace voxgrad::testing;

namespace {

const std::vector<Arguments> verbs = {{"train"},
                                      {"test"},
                                      {"predict"},
                                      {"dataset", "build"},
                                      {"dataset", "check"},
                                      {"dataset", "look"},
                                      {"dataset", "pack"},
                                      {"dataset", "stats"},
                                      {"voxelize"},
                                      {"gradcheck"},
                                      {"summary"},
                                      {"bench"},
                                      {"convert"},
                                      {"doctor"},
                                      {"completion"},
                                      {"manual"}};

/// The flags, such as "--cfg", that `--help` of a verb lists.
std::set<std::string> flags_of(Arguments verb) {
  verb.push_back("--help");
  std::istringstream help(pix2vox(verb).out);
  std::set<std::string> flags;
  for (std::string line; std::getline(help, line) && line.find("Example") == std::string::npos;) {
    std::ranges::replace(line, ',', ' ');  // -h,--help
    std::istringstream words(line);
    for (std::string word; words >> word;)
      if (word.starts_with("--"))
        flags.insert(word.substr(0, word.find_first_not_of("-abcdefghijklmnopqrstuvwxyz")));
  }
  return flags;
}

bool has_program(const std::string& name) {
  return std::system(("command -v " + name + " >/dev/null").c_str()) == 0;
}

/// What bash offers after these words; the last one is being typed.
std::string completed(const TemporaryFolder& folder, const std::vector<std::string>& words) {
  write_text(folder / "completion", pix2vox({"completion", "bash"}).out);
  std::string script = "source " + (folder / "completion").string() + "\nCOMP_WORDS=(";
  for (const std::string& word : words) script += "'" + word + "' ";
  script += ")\nCOMP_CWORD=" + std::to_string(words.size() - 1) +
            "\n_pix2vox\nprintf '%s\\n' \"${COMPREPLY[@]}\" > " + (folder / "offers").string() +
            "\n";
  write_text(folder / "script", script);
  CHECK(std::system(("bash " + (folder / "script").string()).c_str()) == 0);
  return read_text(folder / "offers");
}

}  // namespace

TEST_CASE("every flag of every verb is in the completions and the manual page") {
  const std::string bash = pix2vox({"completion", "bash"}).out,
                    zsh = pix2vox({"completion", "zsh"}).out,
                    fish = pix2vox({"completion", "fish"}).out;
  std::string manual;  // troff's hyphens are escaped
  for (const char c : pix2vox({"manual"}).out)
    if (c != '\\') manual += c;
  for (const Arguments& verb : verbs) {
    const std::set<std::string> flags = flags_of(verb);
    CHECK(!flags.empty());
    for (const std::string& flag : flags) {
      CAPTURE(verb.back());
      CHECK(says(bash, flag));
      CHECK(says(zsh, "*" + flag + "["));
      CHECK(says(fish, "-l " + flag.substr(2) + " "));
      if (flag != "--help") CHECK(says(manual, "B" + flag));
    }
  }
}

TEST_CASE("bash completes verbs, flags, words and files") {
  if (!has_program("bash")) {
    MESSAGE("skipped: no bash");
    return;
  }
  const TemporaryFolder folder;
  CHECK(completed(folder, {"pix2vox", "tr"}) == "train\n");
  CHECK(completed(folder, {"pix2vox", "dataset", "st"}) == "stats\n");
  CHECK(completed(folder, {"pix2vox", "dataset", "build", "--mes"}) == "--meshes\n");
  CHECK(completed(folder, {"pix2vox", "test", "--split", "v"}) == "val\n");
  CHECK(completed(folder, {"pix2vox", "predict", "--device", "c"}) == "cpu\ncuda\n");
  CHECK(completed(folder, {"pix2vox", "train", "--cfg", (folder / "scr").string()}) ==
        (folder / "script").string() + "\n");
  CHECK(completed(folder, {"pix2vox", "completion", "z"}) == "zsh\n");
}

TEST_CASE("the scripts are sound to their shells") {
  const TemporaryFolder folder;
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    if (!has_program(shell)) {
      MESSAGE("skipped: no " << shell);
      continue;
    }
    write_text(folder / shell, pix2vox({"completion", shell}).out);
    CHECK(std::system((shell + " -n " + (folder / shell).string()).c_str()) == 0);
  }
}

TEST_CASE("--version names the commit and the libraries") {
  const Ended ended = pix2vox({"--version"});
  CHECK(ended.code == 0);
  CHECK(ended.out.starts_with("pix2vox "));
  for (const char* part : {"\ncommit ", "\ncompiler ", "\noneDNN ", "\nHDF5 ", "\nEmbree "})
    CHECK(says(ended.out, part));
}
