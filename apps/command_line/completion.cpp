#include "apps/command_line/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace voxgrad::apps {
namespace {

/// Text between single quotes of a shell.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

/// The words that may stand where a flag or verb is expected.
std::string words_of(const VerbEntry& verb) {
  std::vector<std::string> words;
  for (const VerbEntry& below : verb.verbs) words.push_back(below.name);
  for (const FlagEntry& flag : verb.flags)
    if (!flag.positional) words.insert(words.end(), flag.names.begin(), flag.names.end());
  return fmt::format("{}", fmt::join(words, " "));
}

const FlagEntry* positional_of(const VerbEntry& verb) {
  const auto found = std::ranges::find_if(verb.flags, &FlagEntry::positional);
  return found == verb.flags.end() ? nullptr : &*found;
}

/// How bash completes a value.
std::string bash_values(const FlagEntry& flag) {
  if (!flag.choices.empty())
    return fmt::format("_pix2vox_words '{}'", fmt::join(flag.choices, " "));
  if (flag.takes_folder()) return "_pix2vox_paths -d";
  if (flag.takes_file() || flag.positional) return "_pix2vox_paths -f";
  return "COMPREPLY=()";
}

/// What zsh's _arguments does for a value: files, folders or words.
std::string zsh_values(const FlagEntry& flag) {
  if (!flag.choices.empty()) return fmt::format("({})", fmt::join(flag.choices, " "));
  if (flag.takes_folder()) return "_files -/";
  if (flag.takes_file() || flag.positional) return "_files";
  return " ";
}

/// Colons and brackets mean something to _arguments.
std::string zsh_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_function(const std::string& path) {
  std::string name = "_pix2vox";
  if (!path.empty()) name += "_" + path;
  std::ranges::replace(name, ' ', '_');
  return name;
}

std::string zsh_verb(const VerbEntry& verb) {
  std::string text = zsh_function(verb.path) + "() {\n  local -a verbs\n  _arguments -C";
  for (const FlagEntry& flag : verb.flags) {
    if (flag.positional) continue;
    for (const std::string& name : flag.names) {
      std::string spec = fmt::format("*{}[{}]", name, zsh_text(flag.help));
      if (flag.takes_value) spec += fmt::format(":{}:{}", zsh_text(flag.value), zsh_values(flag));
      text += " \\\n    " + quoted(spec);
    }
  }
  if (!verb.verbs.empty()) {
    text +=
        " \\\n    '1:verb:->verb' '*::argument:->argument'\n  case $state in\n  verb)\n    verbs=(";
    for (const VerbEntry& below : verb.verbs)
      text += "\n      " + quoted(below.name + ":" + zsh_text(below.summary));
    text += ")\n    _describe verb verbs ;;\n  argument)\n    case $words[1] in";
    for (const VerbEntry& below : verb.verbs)
      text += fmt::format("\n    {}) {} ;;", below.name, zsh_function(below.path));
    text += "\n    esac ;;\n  esac";
  } else if (const FlagEntry* argument = positional_of(verb)) {
    text += " \\\n    " +
            quoted(fmt::format("*:{}:{}", argument->names.front(), zsh_values(*argument)));
  }
  return text + "\n}\n\n";
}

}  // namespace

std::string bash_completion(const VerbEntry& program) {
  std::string verbs, values, words;
  visit_verbs(program, [&](const VerbEntry& verb) {
    for (const VerbEntry& below : verb.verbs)
      verbs +=
          fmt::format("      '{}:{}') verb={} ;;\n", verb.path, below.name, quoted(below.path));
    for (const FlagEntry& flag : verb.flags)
      for (const std::string& name : flag.names)
        if (flag.takes_value && !flag.positional)
          values += fmt::format("    '{}:{}') {}; return ;;\n", verb.path, name, bash_values(flag));
    const FlagEntry* argument = positional_of(verb);
    words += fmt::format("    '{}') _pix2vox_words '{}'{} ;;\n", verb.path, words_of(verb),
                         argument ? "; [[ $cur == -* ]] || " + bash_values(*argument) : "");
  });
  return fmt::format(R"(# Completion of pix2vox for bash, printed by: pix2vox completion bash
_pix2vox_words() {{
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}}

_pix2vox_paths() {{
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}}

_pix2vox() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} verb='' i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$verb:${{COMP_WORDS[i]}}" in
{}    esac
  done
  case "$verb:$prev" in
{}  esac
  case "$verb" in
{}  esac
}}

complete -F _pix2vox pix2vox
)",
                     verbs, values, words);
}

std::string zsh_completion(const VerbEntry& program) {
  std::string text =
      "#compdef pix2vox\n# Completion of pix2vox for zsh, printed by: pix2vox completion zsh\n\n";
  visit_verbs(program, [&](const VerbEntry& verb) { text += zsh_verb(verb); });
  return text +
         "if [ \"$funcstack[1]\" = _pix2vox ]; then _pix2vox \"$@\"; else compdef _pix2vox "
         "pix2vox; fi\n";
}

std::string fish_completion(const VerbEntry& program) {
  std::string text =
      "# Completion of pix2vox for fish, printed by: pix2vox completion fish\ncomplete -c pix2vox "
      "-f\n";
  visit_verbs(program, [&](const VerbEntry& verb) {
    std::string condition;  // all words of the path were seen, and none of the verbs below
    for (std::size_t begin = 0; begin < verb.path.size();) {
      const std::size_t end = std::min(verb.path.find(' ', begin), verb.path.size());
      condition += fmt::format("{}__fish_seen_subcommand_from {}", begin ? "; and " : "",
                               verb.path.substr(begin, end - begin));
      begin = end + 1;
    }
    std::vector<std::string> below;
    for (const VerbEntry& each : verb.verbs) below.push_back(each.name);
    if (!below.empty())
      condition += fmt::format("{}not __fish_seen_subcommand_from {}",
                               condition.empty() ? "" : "; and ", fmt::join(below, " "));
    const std::string start = fmt::format("complete -c pix2vox -n {}", quoted(condition));
    for (const VerbEntry& each : verb.verbs)
      text += fmt::format("{} -a {} -d {}\n", start, each.name, quoted(each.summary));
    for (const FlagEntry& flag : verb.flags) {
      if (flag.positional) {
        text += fmt::format("{} -F\n", start);
        continue;
      }
      std::string line = start;
      for (const std::string& name : flag.names)
        line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (flag.takes_value) line += " -r";
      if (flag.takes_file()) line += " -F";
      if (flag.takes_folder()) line += " -a '(__fish_complete_directories)'";
      if (!flag.choices.empty())
        line += " -a " + quoted(fmt::format("{}", fmt::join(flag.choices, " ")));
      text += fmt::format("{} -d {}\n", line, quoted(flag.help));
    }
  });
  return text;
}

}  // namespace voxgrad::apps
