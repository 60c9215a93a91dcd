// What a command line that was not understood may have meant.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace voxgrad::apps {

/// Names the first flag or verb among the words that `app` does not have, and the nearest that it
/// has: "train has no flag --cgf. Did you mean --cfg?". "" if all are known.
std::string explain_unknown(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace voxgrad::apps
