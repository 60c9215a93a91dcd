#include "pix2vox/benchmark/resident.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace voxgrad {
namespace {

/// A line such as "MemAvailable:   1234 kB" of /proc/meminfo.
std::optional<std::uint64_t> memory_line(const std::string& name) {
  std::ifstream file("/proc/meminfo");
  std::string word, unit;
  std::uint64_t value = 0;
  while (file >> word >> value) {
    std::getline(file, unit);
    if (word == name + ":") return value << 10;
  }
  return {};
}

std::optional<std::uint64_t> number_in(const char* path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  if (file >> value) return value;
  return {};  // "max": no limit
}

}  // namespace

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  if (!(statm >> total >> resident)) return 0;
  return resident * std::uint64_t(::sysconf(_SC_PAGESIZE));
}

std::optional<std::uint64_t> available_bytes() {
  const std::optional<std::uint64_t> machine = memory_line("MemAvailable");
  const std::optional<std::uint64_t> limit = number_in("/sys/fs/cgroup/memory.max"),
                                     used = number_in("/sys/fs/cgroup/memory.current");
  if (!limit || !used) return machine;
  const std::uint64_t group = *limit > *used ? *limit - *used : 0;
  return machine ? std::min(*machine, group) : group;
}

std::optional<std::uint64_t> installed_bytes() {
  return memory_line("MemTotal");
}

}  // namespace voxgrad
