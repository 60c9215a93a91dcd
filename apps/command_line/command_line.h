// The command line: verbs with options, on CLI11. CLI11 is one large header, so only
// command_line.cpp includes it; everybody else declares verbs and options here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/command_line/command_tree.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace voxgrad::apps {

/// Names of options as CLI11 writes them: "--cfg"; without dashes it is a positional argument.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}
  Option* required(bool required = true);
  /// What --help calls the value: "FILE" and "DIR" are completed as such, "a|b|c" as one of these
  /// words.
  Option* type_name(const std::string& name);
  /// --help shows the initial value.
  Option* capture_default_str();
  /// Other values are refused, NaN among them.
  Option* range(double low, double high);
  Option* one_of(const std::vector<std::string>& values);
  /// A list's elements may be separated by this, too.
  Option* delimiter(char separator);
  /// One value each time the option is given; all are kept.
  Option* repeatable();

 private:
  CLI::Option* option_;
};

class Verb {
 public:
  /// The program itself.
  Verb(const std::string& summary, const std::string& name);
  ~Verb();
  Verb(const Verb&) = delete;
  Verb& operator=(const Verb&) = delete;

  /// A verb below this one; it lives as long as this.
  Verb* add_subcommand(const std::string& name, const std::string& summary);
  /// One of the verbs below must be given.
  void require_subcommand();
  /// The value ends up in `value`, a string, path, number, list of strings or of numbers, or
  /// optional number; its initial one stays where the option is not given.
  template <class Value>
  Option* add_option(const std::string& names, Value& value, const std::string& help);
  Option* add_option_function(const std::string& names,
                              const std::function<void(const std::string&)>& take,
                              const std::string& help);
  void add_flag(const std::string& names, bool& value, const std::string& help);
  void add_flag_callback(const std::string& names, const std::function<void()>& action,
                         const std::string& help);
  void set_version_flag(const std::string& name, const std::function<std::string()>& text);
  /// Below the options in --help: examples.
  void footer(const std::string& text);
  /// Runs when the verb was chosen, after its options were read.
  void callback(const std::function<void()>& action);

  /// What --help shows for a verb below this one, {"dataset", "build"}; for this one without words.
  /// ConfigError for a verb that there is not.
  std::string help(const std::vector<std::string>& words) const;
  /// Reads the words of a command line; after "--" none is an option. The exit code where the
  /// program is to end at once: after --help,
  /// --version or, with a message on standard error, for words that were not understood; otherwise
  /// -1.
  int parse(std::vector<std::string> words);
  VerbEntry describe() const;

 private:
  explicit Verb(CLI::App* app);
  Option* keep(CLI::Option* option);

  std::shared_ptr<CLI::App> own_;  // the program's
  CLI::App* app_;
  std::vector<std::unique_ptr<Verb>> verbs_;
  std::vector<std::unique_ptr<Option>> options_;
};

}  // namespace voxgrad::apps
