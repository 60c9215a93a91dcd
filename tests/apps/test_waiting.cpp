// How the program's threads wait (cpu/program/brief_spin.cpp), as OpenMP's runtime itself tells it.
#include <doctest/doctest.h>
#include <stdlib.h>

#include "cpu/program/brief_spin.h"
#include "tests/apps/program.h"

using namespace voxgrad::testing;

namespace {

/// A variable of the environment that has another value for a while, or none.
class Setting {
 public:
  Setting(const char* name, const char* value) : name_(name) {
    if (const char* before = getenv(name)) before_ = before;
    if (value)
      setenv(name, value, 1);
    else
      unsetenv(name);
  }
  ~Setting() {
    if (before_.empty())
      unsetenv(name_);
    else
      setenv(name_, before_.c_str(), 1);
  }

 private:
  const char* name_;
  std::string before_;
};

/// GOMP_SPINCOUNT as the runtime of a started program displays it; "" if it displays none.
std::string displayed_spin_count() {
  const Setting display("OMP_DISPLAY_ENV", "VERBOSE");
  const std::string text = pix2vox({"--version"}).err, start = "GOMP_SPINCOUNT = '";
  const std::size_t at = text.find(start);
  if (at == std::string::npos) return "";
  return text.substr(at + start.size(), text.find('\'', at + start.size()) - at - start.size());
}

}  // namespace

TEST_CASE("threads that wait spin briefly and then sleep, unless the user says otherwise") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  MESSAGE("skipped: built with a sanitizer");
  return;
#endif
  const Setting policy("OMP_WAIT_POLICY", nullptr), count("GOMP_SPINCOUNT", nullptr);
  const std::string ours = displayed_spin_count();
  if (ours.empty()) {
    MESSAGE("skipped: not GNU's OpenMP runtime");
    return;
  }
  CHECK(std::stol(ours) > 1000);
  CHECK(std::stol(ours) != 300000);  // the runtime's own choice
  {
    const Setting passive("OMP_WAIT_POLICY", "passive");
    CHECK(displayed_spin_count() == "0");
  }
  const Setting chosen("GOMP_SPINCOUNT", "1234");
  CHECK(displayed_spin_count() == "1234");
}

TEST_CASE("the setting for OpenMP's runtime is gone from the environment when the program starts") {
  const char* const setting = voxgrad_brief_spin();
  if (setting == nullptr) {
    MESSAGE("skipped: nothing was set in this program");
    return;
  }
  CHECK(std::string(setting).starts_with("GOMP_SPINCOUNT="));
  CHECK(getenv("GOMP_SPINCOUNT") == nullptr);
  // Every variable that the program was started with is still there.
  const std::string start = read_text("/proc/self/environ");
  std::size_t count = 0;
  for (std::size_t at = 0; at < start.size(); at = start.find('\0', at) + 1, ++count) {
    const std::string entry = start.c_str() + at;
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos || entry.starts_with("OMP_") || entry.starts_with("VOXGRAD_"))
      continue;  // those that the tests change
    INFO(entry);
    const char* now = getenv(entry.substr(0, equals).c_str());
    CHECK((now != nullptr && entry.substr(equals + 1) == now));
  }
  CHECK(count > 0);
}
