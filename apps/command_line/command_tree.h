// The table of verbs and flags, as the command line was declared
// (apps/command_line/command_line.h): what --help shows, for the man page, for completion in shells
// and for suggestions.
#pragma once

#include <string>
#include <vector>

namespace voxgrad::apps {

struct FlagEntry {
  std::vector<std::string> names;  // "--help", "-h"; of a positional argument, its name: "images"
  bool positional = false;
  bool takes_value = false;
  bool required = false;
  std::string value;  // what --help calls its value: "FILE", "DIR", "f32|bf16|tf32", "INT"
  std::string initial;
  std::string help;
  std::vector<std::string> choices;  // the values that a list such as "f32|bf16|tf32" allows

  bool takes_file() const { return value.starts_with("FILE"); }
  bool takes_folder() const { return value.starts_with("DIR"); }
};

struct VerbEntry {
  std::string name;  // "build"
  std::string path;  // "dataset build"; "" for the program itself
  std::string summary, footer;
  std::vector<FlagEntry> flags;
  std::vector<VerbEntry> verbs;
};

/// Calls visit(verb) for every verb of the table, a verb before those below it, the program itself
/// first.
template <class Visit>
void visit_verbs(const VerbEntry& verb, const Visit& visit) {
  visit(verb);
  for (const VerbEntry& below : verb.verbs) visit_verbs(below, visit);
}

}  // namespace voxgrad::apps
