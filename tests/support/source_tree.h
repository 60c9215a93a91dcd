// Files of this repository, wherever it was built.
#pragma once

#include <filesystem>

namespace voxgrad {

/// A path given from the repository's root, such as "tests/golden/layers.json".
std::filesystem::path in_source_tree(const std::filesystem::path& path);

}  // namespace voxgrad
