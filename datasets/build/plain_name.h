// Names of categories and objects, as folders of the data set have them.
#pragma once

#include <string>
#include <string_view>

namespace voxgrad {

/// Letters of every script (UTF-8), digits, '_', '-' and '.' stay. Each blank and other sign of
/// ASCII, a dot at the front, and each byte that is not UTF-8 becomes '-'. Cut to 200 bytes between
/// characters.
std::string plain_name(std::string_view text);

}  // namespace voxgrad
