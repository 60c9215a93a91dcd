// The pictures that the words of a command line name.
#pragma once

#include <string>
#include <vector>

namespace voxgrad::apps {

/// Endings of the formats that read_image() knows, in small letters, without the dot.
const std::vector<std::string>& picture_endings();

/// The files themselves; for a folder the pictures in it, by name, without those below it and
/// without dot files; for a pattern with *, ? or [...] that no file has as its name the files that
/// match it. ConfigError for a folder without pictures and a pattern that nothing matches.
std::vector<std::string> picture_files(const std::vector<std::string>& words);

}  // namespace voxgrad::apps
