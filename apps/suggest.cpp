#include "apps/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "io/closest_match.h"

namespace voxgrad::apps {
namespace {

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(verb->get_name());
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
  Nearest nearest(word, std::max<std::size_t>(3, word.size() / 2));
  for (const std::string& name : names) nearest.offer(name);
  return nearest.name().empty() ? "" : fmt::format(". Did you mean {}?", nearest.name());
}

}  // namespace

std::string explain_unknown(const CLI::App& app, const std::vector<std::string>& words) {
  const std::vector<std::string> flags = flags_of(app), verbs = verbs_of(app);
  const bool is_verb = app.get_parent() != nullptr;
  for (std::string word : words) {
    if (is_flag(word)) {
      word = word.substr(0, word.find('='));
      if (word != "--" && !has(flags, word))
        return fmt::format("{} has no flag {}{}", app.get_name(), word, did_you_mean(flags, word));
    } else if (!verbs.empty() && !has(verbs, word) && !(is_verb && word == app.get_name())) {
      return fmt::format("{} has no verb '{}', only {}{}", app.get_name(), word,
                         fmt::join(verbs, ", "), did_you_mean(verbs, word));
    }
  }
  return "";
}

}  // namespace voxgrad::apps
