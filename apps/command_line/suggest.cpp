#include "apps/command_line/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "io/closest_match.h"

namespace voxgrad::apps {
namespace {

std::vector<std::string> flags_of(const VerbEntry& verb) {
  std::vector<std::string> names;
  for (const FlagEntry& flag : verb.flags)
    if (!flag.positional) names.insert(names.end(), flag.names.begin(), flag.names.end());
  return names;
}

std::vector<std::string> verbs_of(const VerbEntry& verb) {
  std::vector<std::string> names;
  for (const VerbEntry& below : verb.verbs) names.push_back(below.name);
  return names;
}

bool is_flag(const std::string& word) {  // and no negative number
  return word.size() > 1 && word[0] == '-' && !std::isdigit(static_cast<unsigned char>(word[1]));
}

bool has(const std::vector<std::string>& names, const std::string& word) {
  return std::ranges::find(names, word) != names.end();
}

std::string did_you_mean(const std::vector<std::string>& names, const std::string& word) {
  if (word.size() < 3) return "";
  ClosestMatch closest(word, std::max<std::size_t>(3, word.size() / 2));
  for (const std::string& name : names) closest.offer(name);
  return closest.name().empty() ? "" : fmt::format(". Did you mean {}?", closest.name());
}

}  // namespace

std::string explain_unknown(const VerbEntry& verb, const std::vector<std::string>& words) {
  const std::vector<std::string> flags = flags_of(verb), verbs = verbs_of(verb);
  const bool is_verb = verb.path != "pix2vox";
  for (std::string word : words) {
    if (is_flag(word)) {
      word = word.substr(0, word.find('='));
      if (word != "--" && !has(flags, word))
        return fmt::format("{} has no flag {}{}", verb.name, word, did_you_mean(flags, word));
    } else if (!verbs.empty() && !has(verbs, word) && !(is_verb && word == verb.name)) {
      return fmt::format("{} has no verb '{}', only {}{}", verb.name, word, fmt::join(verbs, ", "),
                         did_you_mean(verbs, word));
    }
  }
  return "";
}

}  // namespace voxgrad::apps
