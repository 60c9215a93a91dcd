#include "datasets/build/furniture_classes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string_view>
#include <vector>

namespace voxgrad {
namespace {

struct Rule {
  std::string_view name;
  std::vector<std::string_view> words;
};

// The first rule with a word of the name decides: a desk lamp is a lamp.
const std::vector<Rule>& rules() {
  static const std::vector<Rule> all{
      {"lamp",
       {"lamp", "lamppost", "light", "lights", "lantern", "candle", "spotlight", "chandelier"}},
      {"bench", {"bench", "bank"}},
      {"sofa", {"sofa", "couch", "futon"}},
      {"bed", {"bed", "crib"}},
      {"chair", {"chair", "armchair", "stool", "seat", "wheelchair", "ottoman", "puff"}},
      {"cabinet",
       {"cabinet", "bookcase", "shelves", "wardrobe", "cupboard", "chest", "dresser", "locker"}},
      {"table", {"table", "desk", "workbench"}},
      {"display", {"tv", "laptop", "ibook", "imac"}},
      {"loudspeaker", {"speaker", "loudspeaker"}},
      {"telephone", {"phone", "iphone", "telephone"}},
      {"bus_truck", {"bus", "truck", "van", "lift"}},
      {"motorbike_bike", {"bike", "bicycle", "motorbike", "scooter", "yamaha"}},
      {"airplane", {"biplane", "airplane", "plane"}},
      {"watercraft", {"rowboat", "boat", "ship"}},
      {"car",
       {"car", "sedan", "suv", "beetle", "chevrolet", "ford", "peugeot", "renault", "leon"}}};
  return all;
}

// Words that say that the thing is not what the other words suggest: a table fan, a TV stand, an
// air mattress, tennis tables and bats, toy cars, training benches.
constexpr std::array<std::string_view, 19> spoilers{
    "fan",    "stand",     "remote",   "tennis", "football", "pool",  "freezer",
    "model",  "abdominal", "changing", "indoor", "sport",    "strip", "entry",
    "double", "toy",       "game",     "bat",    "mattress"};
// Catalogue categories without anything to take.
constexpr std::array<std::string_view, 4> no_class{"Doors and windows", "Characters", "Bathroom",
                                                   "Staircases"};

std::set<std::string, std::less<>> words_of(const std::string& name) {
  std::set<std::string, std::less<>> words;
  std::string word;
  for (const char c : name + ' ') {
    if (std::isalpha(static_cast<unsigned char>(c))) {
      word += char(std::tolower(static_cast<unsigned char>(c)));
    } else if (!word.empty()) {
      words.insert(std::move(word));
      word.clear();
    }
  }
  return words;
}

}  // namespace

std::optional<std::string> furniture_class(const std::string& catalogue_category,
                                           const std::string& name) {
  if (std::find(no_class.begin(), no_class.end(), catalogue_category) != no_class.end()) {
    return std::nullopt;
  }
  const auto words = words_of(name);
  const auto named = [&](std::string_view word) { return words.contains(word); };
  if (std::any_of(spoilers.begin(), spoilers.end(), named)) return std::nullopt;
  for (const Rule& rule : rules()) {
    if (std::any_of(rule.words.begin(), rule.words.end(), named)) return std::string(rule.name);
  }
  return std::nullopt;
}

}  // namespace voxgrad
