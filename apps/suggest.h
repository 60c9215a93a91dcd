// The flag or verb nearest to a misspelt one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace voxgrad::apps {

/// The first word of the command line that is neither a flag nor a verb of `app` but nearly one,
/// as the name it is near to; "" if there is none.
std::string suggest(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace voxgrad::apps
