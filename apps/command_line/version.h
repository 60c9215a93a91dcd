// What this program is and stands on.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace voxgrad::apps {

/// "0.1.0", of the project.
std::string version();

/// The commit that it was built from, such as "c0b94dbd"; "c0b94dbd+" with changes that were not
/// committed; "unknown" if built from sources without git.
std::string commit();

/// What --version prints: version, commit, compiler, instruction set, and the versions of
/// libraries.
std::string version_text();

/// Libraries and their versions: {"oneDNN", "3.7.2"}, ...
std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace voxgrad::apps
