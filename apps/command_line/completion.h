// Completion of the command line in shells.
#pragma once

#include <string>

#include "apps/command_line/command_tree.h"

namespace voxgrad::apps {

/// Scripts that complete verbs, flags, and values that are files, folders or one of a few words.
std::string bash_completion(const VerbEntry& program);
std::string zsh_completion(const VerbEntry& program);
std::string fish_completion(const VerbEntry& program);

}  // namespace voxgrad::apps
