// What writing a file atomically asks of the system, in which order.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "io/file.h"
#include "tests/support/temporary_folder.h"

namespace {

std::vector<std::string>& calls() {
  static std::vector<std::string> list;
  return list;
}

std::string path_of(int descriptor) {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), error)
      .string();
}

}  // namespace

// In place of the C library's, in this program.
extern "C" int fsync(int descriptor) {
  calls().push_back("fsync " + path_of(descriptor));
  return int(syscall(SYS_fsync, descriptor));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  calls().push_back(std::string("rename ") + from + " " + to);
  return int(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE("a file is on the disk before it gets its name, and its name before the call ends") {
  const TemporaryFolder folder;
  const std::string root = std::filesystem::canonical(folder.path()).string(),
                    file = root + "/a.bin";
  calls().clear();
  write_file_atomically(file, std::vector<std::uint8_t>{1, 2, 3});
  const std::vector<std::string> seen = calls();
  REQUIRE(seen.size() == 3);
  const std::string temporary = seen[0].substr(seen[0].find(' ') + 1);
  CHECK(seen[0] == "fsync " + temporary);
  CHECK(temporary.starts_with(root + "/.voxgrad-"));
  CHECK(seen[1] == "rename " + temporary + " " + file);
  CHECK(seen[2] == "fsync " + root);
  CHECK(read_file(file, 10) == std::vector<std::uint8_t>{1, 2, 3});
}

TEST_CASE("a renamed file's folder is on the disk before the call ends") {
  const TemporaryFolder folder;
  const std::string root = std::filesystem::canonical(folder.path()).string();
  write_file_atomically(root + "/a", std::vector<std::uint8_t>{1});
  calls().clear();
  rename_file(root + "/a", root + "/b");
  CHECK(calls() ==
        std::vector<std::string>{"rename " + root + "/a " + root + "/b", "fsync " + root});
}
