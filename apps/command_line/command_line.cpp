#include "apps/command_line/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <optional>
#include <sstream>

#include "apps/command_line/suggest.h"
#include "apps/exit_code.h"
#include "tensor/error.h"

namespace voxgrad::apps {
namespace {

/// "f32|bf16" and CLI11's "TEXT:{f32,bf16}": the values between the separators. None in other
/// types.
std::vector<std::string> choices_of(const std::string& type) {
  const auto open = type.find('{'), close = type.rfind('}');
  const bool listed = open != std::string::npos && close != std::string::npos && open < close;
  if (!listed && type.find('|') == std::string::npos) return {};
  std::istringstream text(listed ? type.substr(open + 1, close - open - 1) : type);
  std::vector<std::string> choices;
  for (std::string choice; std::getline(text, choice, listed ? ',' : '|');)
    choices.push_back(choice);
  return choices;
}

FlagEntry entry_of(const CLI::Option& option) {
  FlagEntry flag;
  flag.positional = option.get_positional();
  if (flag.positional) flag.names.push_back(option.get_name(true));
  for (const std::string& name : option.get_lnames()) flag.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) flag.names.push_back("-" + name);
  flag.takes_value = option.get_items_expected_max() > 0;
  flag.required = option.get_required();
  flag.value = flag.takes_value ? option.get_type_name() : "";
  flag.initial = option.get_default_str();
  flag.help = option.get_description();
  flag.choices = choices_of(flag.value);
  return flag;
}

VerbEntry entry_of(const CLI::App& app, const std::string& path) {
  VerbEntry verb;
  verb.name = app.get_name();
  verb.path = path;
  verb.summary = app.get_description();
  verb.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) verb.flags.push_back(entry_of(*option));
  for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; }))
    verb.verbs.push_back(entry_of(*below, path + (path.empty() ? "" : " ") + below->get_name()));
  return verb;
}

/// What was not understood, and the nearest flag or verb there is.
int usage_error(const CLI::App& app, const std::vector<std::string>& words,
                const CLI::ParseError& error) {
  const CLI::App* place = &app;
  std::string path = app.get_name();
  while (!place->get_subcommands().empty()) {
    place = place->get_subcommands().front();
    path += " " + place->get_name();
  }
  const std::string unknown = explain_unknown(entry_of(*place, path), words);
  std::cerr << app.get_name() << ": " << (unknown.empty() ? error.what() : unknown) << '\n';
  std::cerr << "See " << path << " --help\n";
  return kUsage;
}

/// Words in lines of at most `width` characters, unless a word is longer; `indent` begins all but
/// the first.
std::string wrapped(const std::string& text, std::size_t width, const std::string& indent) {
  std::istringstream words(text);
  std::string result;
  std::size_t used = 0;
  for (std::string word; words >> word; used += word.size()) {
    if (used > 0 && used + 1 + word.size() > width) {
      result += '\n' + indent;
      used = 0;
    } else if (used > 0) {
      result += ' ';
      ++used;
    }
    result += word;
  }
  return result;
}

/// CLI11's help, with lines wrapped at 80 columns.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return row(make_option_name(option, is_positional) + make_option_opts(option),
               make_option_desc(option));
  }
  /// Without the checks of its value, which errors and meanings name.
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return "";
    const std::string type = option->get_type_name();
    std::string text = " " + type.substr(0, type.find(':'));
    if (!option->get_default_str().empty()) text += "=" + option->get_default_str();
    if (option->get_required()) text += " REQUIRED";
    return text;
  }
  std::string make_subcommand(const CLI::App* verb) const override {
    return row(verb->get_display_name(), verb->get_description());
  }
  std::string make_description(const CLI::App* app) const override {
    return wrapped(app->get_description(), columns, "") + '\n';
  }

 private:
  static constexpr std::size_t columns = 80, names = 30;  // of a line, and of the names before it

  static std::string row(const std::string& name, const std::string& meaning) {
    std::string text = "  " + name;
    if (text.size() + 1 >= names)
      text += '\n' + std::string(names, ' ');
    else
      text.resize(names, ' ');
    return text + wrapped(meaning, columns - names, std::string(names, ' ')) + '\n';
  }
};

/// After "--" there are no options: such words become paths, "-x.png" to "./-x.png".
void end_options(std::vector<std::string>& words) {
  const auto mark = std::ranges::find(words, "--");
  if (mark == words.end()) return;
  for (auto word = mark + 1; word != words.end(); ++word)
    if (word->starts_with('-')) *word = "./" + *word;
  words.erase(mark);
}

}  // namespace

Option* Option::required(bool required) {
  option_->required(required);
  return this;
}

Option* Option::type_name(const std::string& name) {
  option_->type_name(name);
  return this;
}

Option* Option::capture_default_str() {
  option_->capture_default_str();
  return this;
}

Option* Option::range(double low, double high) {
  std::ostringstream limits;
  limits << "[" << low << " - " << high << "]";
  const auto refusal = [low, high, limits = limits.str()](const std::string& text) -> std::string {
    double value = NAN;
    const char* const start = text.data() + (text.starts_with('+') ? 1 : 0);
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(start, end, value);
    const bool good = error == std::errc() && stop == end && value >= low && value <= high;
    return good ? "" : "Value " + text + " not in range " + limits;
  };
  option_->check(
      CLI::Validator([refusal](std::string& text) { return refusal(text); }, "in " + limits.str()));
  return this;
}

Option* Option::one_of(const std::vector<std::string>& values) {
  option_->check(CLI::IsMember(values));
  return this;
}

Option* Option::delimiter(char separator) {
  option_->delimiter(separator);
  return this;
}

Option* Option::repeatable() {
  // No more values than one each time: the words after it may be positional arguments.
  option_->expected(1)->allow_extra_args(false)->multi_option_policy(
      CLI::MultiOptionPolicy::TakeAll);
  return this;
}

Verb::Verb(const std::string& summary, const std::string& name)
    : own_(std::make_shared<CLI::App>(summary, name)), app_(own_.get()) {
  app_->formatter(std::make_shared<HelpFormatter>());
}
Verb::Verb(CLI::App* app) : app_(app) {}
Verb::~Verb() = default;

Verb* Verb::add_subcommand(const std::string& name, const std::string& summary) {
  verbs_.push_back(std::unique_ptr<Verb>(new Verb(app_->add_subcommand(name, summary))));
  return verbs_.back().get();
}

void Verb::require_subcommand() {
  app_->require_subcommand(1);
}

Option* Verb::keep(CLI::Option* option) {
  options_.push_back(std::make_unique<Option>(option));
  return options_.back().get();
}

template <class Value>
Option* Verb::add_option(const std::string& names, Value& value, const std::string& help) {
  return keep(app_->add_option(names, value, help));
}
template Option* Verb::add_option(const std::string&, std::string&, const std::string&);
template Option* Verb::add_option(const std::string&, std::filesystem::path&, const std::string&);
template Option* Verb::add_option(const std::string&, int&, const std::string&);
template Option* Verb::add_option(const std::string&, std::int64_t&, const std::string&);
template Option* Verb::add_option(const std::string&, std::uint64_t&, const std::string&);
template Option* Verb::add_option(const std::string&, double&, const std::string&);
template Option* Verb::add_option(const std::string&, std::array<double, 2>&, const std::string&);
template Option* Verb::add_option(const std::string&, std::optional<double>&, const std::string&);
template Option* Verb::add_option(const std::string&, std::optional<int>&, const std::string&);
template Option* Verb::add_option(const std::string&, std::vector<std::string>&,
                                  const std::string&);
template Option* Verb::add_option(const std::string&, std::vector<std::int64_t>&,
                                  const std::string&);

Option* Verb::add_option_function(const std::string& names,
                                  const std::function<void(const std::string&)>& take,
                                  const std::string& help) {
  return keep(app_->add_option_function<std::string>(names, take, help));
}

void Verb::add_flag(const std::string& names, bool& value, const std::string& help) {
  app_->add_flag(names, value, help);
}

void Verb::add_flag_callback(const std::string& names, const std::function<void()>& action,
                             const std::string& help) {
  app_->add_flag_callback(names, action, help);
}

void Verb::set_version_flag(const std::string& name, const std::function<std::string()>& text) {
  app_->set_version_flag(name, text);
}

void Verb::footer(const std::string& text) {
  app_->footer(text);
}

void Verb::callback(const std::function<void()>& action) {
  app_->callback(action);
}

std::string Verb::help(const std::vector<std::string>& words) const {
  const CLI::App* place = app_;
  std::string path = app_->get_name();
  for (const std::string& word : words) {
    const auto named = [&](const CLI::App* verb) { return verb->check_name(word); };
    const std::vector<const CLI::App*> verbs = place->get_subcommands(named);
    if (verbs.empty()) {
      const std::string unknown = explain_unknown(entry_of(*place, path), {word});
      fail<ConfigError>(unknown.empty() ? concat(path, " has no verb '", word, "'") : unknown);
    }
    place = verbs.front();
    path += " " + place->get_name();
  }
  // Not help(), which speaks of the verb that the command line chose.
  return place->get_formatter()->make_help(place, path, CLI::AppFormatMode::Normal);
}

int Verb::parse(std::vector<std::string> words) {
  end_options(words);
  try {
    app_->parse(std::vector<std::string>(words.rbegin(), words.rend()));
    return -1;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_->exit(error);  // --help, --version
    return usage_error(*app_, words, error);
  }
}

VerbEntry Verb::describe() const {
  return entry_of(*app_, "");
}

}  // namespace voxgrad::apps
