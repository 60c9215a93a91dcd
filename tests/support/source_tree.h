// Files of this repository, wherever it was built.
#pragma once

#include <filesystem>

namespace voxgrad {

/// A path given from the repository's root, such as "tests/golden/layers.json". The root is
/// VOXGRAD_SOURCE_TREE in the environment, for tests that run elsewhere than they were built, or
/// else where they were built.
std::filesystem::path in_source_tree(const std::filesystem::path& path);

}  // namespace voxgrad
