// What was found out about a photo, in words and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "pix2vox/prediction/photo.h"

namespace voxgrad::apps {

/// Lines for people: how the object was found, what was done to the photo, each finding with its
/// advice.
std::string explanation(const std::string& file, const PreparedPhoto& photo);
/// {"picture", "found_by", "reframed", "findings": [{"fault", "text", "mended"}]}
nlohmann::ordered_json json_of(const std::string& file, const PreparedPhoto& photo);

}  // namespace voxgrad::apps
