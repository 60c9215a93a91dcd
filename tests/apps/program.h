// Runs the real program and looks at what a user sees: exit code, stdout, stderr, files.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace voxgrad::testing {

/// How the program ended. A program killed by a signal (a crash) has the code -signal.
struct Ended {
  int code = 0;
  std::string out, err;
};

using Arguments = std::vector<std::string>;

/// pix2vox with these arguments, in the repository's root, with two threads and no terminal. Its
/// stdout goes to a file that is looked at, or to another one.
Ended pix2vox(const Arguments& arguments, const std::string& out = "");

/// One that is still running, for signals.
class RunningPix2Vox {
 public:
  explicit RunningPix2Vox(const Arguments& arguments, const std::string& out = "");
  ~RunningPix2Vox();  // kills it if it was not waited for
  RunningPix2Vox(const RunningPix2Vox&) = delete;
  RunningPix2Vox& operator=(const RunningPix2Vox&) = delete;

  bool running();
  /// What it has written to stderr so far.
  std::string said() const;
  void signal(int number) const;
  Ended wait();

 private:
  TemporaryFolder folder_;  // of the captured output
  pid_t process_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

std::string read_text(const std::filesystem::path& file);
void write_text(const std::filesystem::path& file, const std::string& text);

/// True if the text holds the part; a message shows both otherwise.
bool says(const std::string& text, const std::string& part);

/// The usual way for a wrong call to end: the exit code, nothing on stdout, and a message on
/// stderr.
bool refused(const Ended& ended, int code, const std::string& message);

}  // namespace voxgrad::testing
