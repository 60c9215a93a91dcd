#include "tensor/environment.h"

#include <cstdlib>
#include <string_view>

#include "tensor/error.h"

namespace voxgrad {

const char* environment(const char* name) {
  bool listed = false;
  for (const EnvironmentVariable& each : kEnvironment)
    listed = listed || std::string_view(each.name) == name;
  check(listed, "[environment] ", name, " is missing in tensor/environment.h");
  return std::getenv(name);
}

}  // namespace voxgrad
