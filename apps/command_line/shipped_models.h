// The trained weights that come with the program: in models/ of the source tree, or installed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace voxgrad::apps {

/// The folder that holds them: share/voxgrad/models beside the bin folder that this program is in,
/// or models/ of the source tree whose build folder it is in. Empty if there is neither.
std::filesystem::path models_folder();

/// All weights in there, by name.
std::vector<std::filesystem::path> shipped_models();

/// What --weights means: the file that was named, or else the shipped weights, which are told on
/// standard error. ConfigError, saying what to do, if none was named and none is there.
std::filesystem::path weights_or_shipped(const std::string& named);

}  // namespace voxgrad::apps
