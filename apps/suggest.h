// The flag or verb nearest to a misspelt one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace voxgrad::apps {

/// Looks through `app`'s flags and verbs for the nearest to any word of the message; "" if none is
/// near.
std::string suggest(const CLI::App& app, const std::string& message);

}  // namespace voxgrad::apps
