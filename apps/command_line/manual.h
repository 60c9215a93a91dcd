// The manual page pix2vox(1).
#pragma once

#include <string>

#include "apps/command_line/command_tree.h"

namespace voxgrad::apps {

/// The page as text for man (troff), made of the table of verbs and flags.
std::string manual_page(const VerbEntry& program, const std::string& version);

}  // namespace voxgrad::apps
