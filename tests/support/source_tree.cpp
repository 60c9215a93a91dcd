#include "tests/support/source_tree.h"

#include <cstdlib>

namespace voxgrad {

std::filesystem::path in_source_tree(const std::filesystem::path& path) {
  const char* const elsewhere = std::getenv("VOXGRAD_SOURCE_TREE");
  return std::filesystem::path(elsewhere ? elsewhere : VOXGRAD_SOURCE_DIR) / path;
}

}  // namespace voxgrad
