#include "tests/support/source_tree.h"

namespace voxgrad {

std::filesystem::path in_source_tree(const std::filesystem::path& path) {
  return std::filesystem::path(VOXGRAD_SOURCE_DIR) / path;
}

}  // namespace voxgrad
