#include "apps/verbs/result_names.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "tensor/error.h"

namespace voxgrad::apps {
namespace {

namespace fs = std::filesystem;

/// The parts of a path, the last one without its ending.
std::vector<std::string> parts_of(const std::string& picture) {
  std::error_code error;
  const fs::path path = fs::absolute(picture, error).lexically_normal();
  std::vector<std::string> parts;
  for (const fs::path& part : path.relative_path()) parts.push_back(part.string());
  if (!parts.empty()) parts.back() = path.stem().string();
  return parts;
}

/// The last `depth` parts.
std::string name_of(const std::vector<std::string>& parts, std::size_t depth) {
  std::string name;
  for (std::size_t i = parts.size() - std::min(depth, parts.size()); i < parts.size(); ++i)
    name += (name.empty() ? "" : "-") + parts[i];
  return name;
}

/// Pictures by name.
std::map<std::string, std::vector<std::size_t>> groups_of(const std::vector<std::string>& names) {
  std::map<std::string, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < names.size(); ++i) groups[names[i]].push_back(i);
  return groups;
}

/// a.png and a.jpg of one folder: "a-png" and "a-jpg".
void add_endings(const std::vector<std::string>& pictures, std::vector<std::string>& names) {
  for (const auto& [name, members] : groups_of(names))
    for (std::size_t i = 0; members.size() > 1 && i < members.size(); ++i) {
      const std::string ending = fs::path(pictures[members[i]]).extension().string();
      if (!ending.empty()) names[members[i]] += "-" + ending.substr(1);
    }
}

}  // namespace

std::vector<std::string> result_names(const std::vector<std::string>& pictures) {
  std::vector<std::vector<std::string>> parts;
  std::vector<std::string> names;
  for (const std::string& picture : pictures) {
    parts.push_back(parts_of(picture));
    names.push_back(name_of(parts.back(), 1));
  }
  std::size_t deepest = 0;
  for (const auto& each : parts) deepest = std::max(deepest, each.size());
  // Only the ending tells some apart: more folders would not.
  const auto same_path = [&](const std::vector<std::size_t>& members) {
    return std::ranges::all_of(
        members, [&](std::size_t member) { return parts[member] == parts[members.front()]; });
  };
  for (std::size_t depth = 2; depth <= deepest; ++depth)
    for (const auto& [name, members] : groups_of(names))
      if (!same_path(members))
        for (const std::size_t member : members) names[member] = name_of(parts[member], depth);
  add_endings(pictures, names);
  for (const auto& [name, members] : groups_of(names))
    check<ConfigError>(
        members.size() == 1, pictures[members.front()], " and ", pictures[members.back()],
        same_path(members) ? " are the same picture, given twice: leave one out"
                           : " would be written to the same files: rename one of them");
  return names;
}

}  // namespace voxgrad::apps
