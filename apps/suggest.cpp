#include "apps/suggest.h"

#include "pix2vox/nearest.h"

namespace voxgrad::apps {

std::string suggest(const CLI::App& app, const std::vector<std::string>& words) {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(verb->get_name());

  for (std::string word : words) {
    word = word.substr(0, word.find('='));
    Nearest nearest(word, 3);
    for (const std::string& name : known)
      if (name.starts_with("--") == word.starts_with("--")) nearest.offer(name);
    if (nearest.distance() > 0 && word.size() > 2 && !nearest.name().empty()) return nearest.name();
  }
  return "";
}

}  // namespace voxgrad::apps
