// Versions of the libraries that the backends run on.
#pragma once

#include <string>

namespace voxgrad {

/// The version of oneDNN that runs, such as "3.7.2". Defined by cpu/onednn/.
std::string onednn_version();

}  // namespace voxgrad
