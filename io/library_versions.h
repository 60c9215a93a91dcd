// Versions of the libraries that io/ runs on.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace voxgrad {

/// {"HDF5", "1.14.5"}, ...
std::vector<std::pair<std::string, std::string>> io_library_versions();

}  // namespace voxgrad
