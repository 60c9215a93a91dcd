#include "apps/suggest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace voxgrad::apps {
namespace {

// Levenshtein's distance.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

std::string suggest(const CLI::App& app, const std::vector<std::string>& words) {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(verb->get_name());

  for (std::string word : words) {
    word = word.substr(0, word.find('='));
    std::string best;
    std::size_t nearest = 3;  // farther words are no misspellings
    for (const std::string& name : known) {
      if (name.starts_with("--") != word.starts_with("--")) continue;
      const std::size_t d = distance(word, name);
      if (d < nearest) {
        nearest = d;
        best = name;
      }
    }
    if (nearest > 0 && nearest < 3 && word.size() > 2) return best;
  }
  return "";
}

}  // namespace voxgrad::apps
