#include "apps/verbs/machine.h"

#include <fstream>

namespace voxgrad::apps {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

}  // namespace voxgrad::apps
