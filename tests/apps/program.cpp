#include "tests/apps/program.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <fstream>
#include <sstream>

#include "tensor/error.h"

namespace voxgrad::testing {

namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

RunningPix2Vox::RunningPix2Vox(const Arguments& arguments, const std::string& other_out) {
  std::vector<std::string> words{PIX2VOX_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const std::string out = other_out.empty() ? (folder_ / "out").string() : other_out;
  const std::string err = (folder_ / "err").string();
  const int flags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, out.c_str(), flags, 0600);
  posix_spawn_file_actions_addopen(&files, 2, err.c_str(), flags, 0600);
  setenv("OMP_NUM_THREADS", "2", 1);
  const int error = posix_spawn(&process_, PIX2VOX_BINARY, &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  check(error == 0, "cannot start " PIX2VOX_BINARY);
}

RunningPix2Vox::~RunningPix2Vox() {
  if (!ended_) {
    signal(SIGKILL);
    waitpid(process_, &status_, 0);
  }
}

bool RunningPix2Vox::running() {
  if (!ended_) ended_ = waitpid(process_, &status_, WNOHANG) == process_;
  return !ended_;
}

std::string RunningPix2Vox::said() const {
  return read_text(folder_ / "err");
}

void RunningPix2Vox::signal(int number) const {
  kill(process_, number);
}

Ended RunningPix2Vox::wait() {
  if (!ended_) waitpid(process_, &status_, 0);
  ended_ = true;
  const int code = WIFSIGNALED(status_) ? -WTERMSIG(status_) : WEXITSTATUS(status_);
  return {code, read_text(folder_ / "out"), read_text(folder_ / "err")};
}

Ended pix2vox(const Arguments& arguments, const std::string& out) {
  return RunningPix2Vox(arguments, out).wait();
}

bool says(const std::string& text, const std::string& part) {
  const bool found = text.find(part) != std::string::npos;
  if (!found) MESSAGE("expected \"" << part << "\" in: " << text);
  return found;
}

bool refused(const Ended& ended, int code, const std::string& message) {
  if (ended.code != code)
    MESSAGE("expected exit code " << code << ", got " << ended.code << ": " << ended.err);
  if (!ended.out.empty()) MESSAGE("expected nothing on stdout, got: " << ended.out);
  return ended.code == code && ended.out.empty() && says(ended.err, message);
}

}  // namespace voxgrad::testing
