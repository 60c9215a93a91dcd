// A folder of a test's own, removed at the end.
#pragma once

#include <string>

#include "io/scratch_folder.h"

namespace voxgrad::testing {

class TemporaryFolder : public ScratchFolder {
 public:
  std::filesystem::path operator/(const std::string& name) const { return path() / name; }
};

}  // namespace voxgrad::testing
