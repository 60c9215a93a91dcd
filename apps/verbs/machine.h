// What this machine is, for reports.
#pragma once

#include <string>

namespace voxgrad::apps {

/// "Intel(R) Xeon(R) ...", as the system names it.
std::string processor_name();

}  // namespace voxgrad::apps
