// Versions of the libraries that voxels/ runs on.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace voxgrad {

/// {"Embree", "4.3.3"}, ...
std::vector<std::pair<std::string, std::string>> voxels_library_versions();

}  // namespace voxgrad
