#include "tests/support/temporary_folder.h"

#include <stdlib.h>

#include "tensor/error.h"

namespace voxgrad::testing {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "voxgrad-test-XXXXXX").string();
  check(mkdtemp(name.data()) != nullptr, "cannot make a temporary folder ", name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace voxgrad::testing
