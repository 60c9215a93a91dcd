// How long a user waits: from the start of this program in a process of its own to the first file
// that its verb `predict` has written.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace voxgrad::apps {

/// Seconds until `pix2vox predict` has said what it wrote, a .npy of one picture of ours. `flags`
/// are passed on. Error with what it printed if it fails.
double first_prediction_seconds(const std::filesystem::path& weights,
                                const std::vector<std::string>& flags);

}  // namespace voxgrad::apps
