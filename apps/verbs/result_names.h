// Names of the results of many pictures.
#pragma once

#include <string>
#include <vector>

namespace voxgrad::apps {

/// One name per picture, without ending: the picture's own ("chair" for photos/chair.png), and
/// where several have the same, as 00.png of many folders, as many of the folders before it as tell
/// them apart: "a-00" and "b-00" for a/00.png and b/00.png. ConfigError if a picture is given
/// twice.
std::vector<std::string> result_names(const std::vector<std::string>& pictures);

}  // namespace voxgrad::apps
