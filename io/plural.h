// Counted nouns in messages.
#pragma once

#include <concepts>
#include <string>

namespace voxgrad {

/// "1 object", "2 objects", "0 categories": `plural` where it is not the noun with an s.
std::string counted(std::integral auto count, const std::string& noun,
                    const std::string& plural = "") {
  return std::to_string(count) + " " + (count == 1 ? noun : plural.empty() ? noun + "s" : plural);
}

}  // namespace voxgrad
