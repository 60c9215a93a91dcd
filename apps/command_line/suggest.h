// What a command line that was not understood may have meant.
#pragma once

#include <string>
#include <vector>

#include "apps/command_line/command_tree.h"

namespace voxgrad::apps {

/// Names the first flag or verb among the words that `verb` does not have, and the nearest that it
/// has: "train has no flag --cgf. Did you mean --cfg?". "" if all are known.
std::string explain_unknown(const VerbEntry& verb, const std::vector<std::string>& words);

}  // namespace voxgrad::apps
