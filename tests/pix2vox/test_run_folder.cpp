#include <doctest/doctest.h>
#include <unistd.h>

#include "io/file.h"
#include "pix2vox/training/run_folder.h"
#include "tensor/error.h"
#include "tests/support/temporary_folder.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& file) {
  const std::vector<std::uint8_t> bytes = read_file(file, 1000);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("another configuration keeps the one before, the same one changes nothing") {
  const TemporaryFolder temporary;
  const RunFolder folder{temporary.path()};
  folder.write_config("first");
  folder.write_config("first");
  CHECK(text_of(folder.config()) == "first");
  CHECK_FALSE(fs::exists(temporary / "config.1.yaml"));
  folder.write_config("second");
  folder.write_config("third");
  CHECK(text_of(folder.config()) == "third");
  CHECK(text_of(temporary / "config.1.yaml") == "first");
  CHECK(text_of(temporary / "config.2.yaml") == "second");
}

TEST_CASE("a released lock is free, and one that cannot be closed says so") {
  const TemporaryFolder temporary;
  const fs::path file = temporary / ".lock";
  RunLock lock(file);
  CHECK_THROWS_AS(RunLock{file}, ConfigError);
  CHECK(lock.release().empty());
  CHECK(lock.release().empty());
  RunLock second(file);
  // Closed behind its back, so that its own close fails.
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    if (fs::read_symlink(entry.path(), error).filename() == ".lock")
      ::close(std::stoi(entry.path().filename().string()));
  }
  const std::string warning = second.release();
  CHECK(warning.find(".lock: cannot close: Bad file descriptor") != std::string::npos);
}
