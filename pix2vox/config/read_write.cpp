#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "io/closest_match.h"
#include "io/file.h"
#include "io/yaml.h"
#include "pix2vox/config/fields.h"

namespace voxgrad {
namespace {

template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;
template <class T, std::size_t n>
inline constexpr bool is_list<std::array<T, n>> = true;

// What a key expects, in words: "an integer from 1 to 64".

std::string range(const ConfigField& field) {
  if (std::isinf(field.low) && std::isinf(field.high)) return "";
  return fmt::format(" from {} to {}", field.low, field.high);
}

template <class T>
std::string expects_one(const ConfigField& field) {
  if (!field.choices.empty()) return fmt::format("one of {}", fmt::join(field.choices, ", "));
  if constexpr (std::is_same_v<T, bool>) return "true or false";
  if constexpr (std::is_same_v<T, std::uint64_t>) return "an integer from 0 to 2^64-1";
  if constexpr (std::is_integral_v<T>) return "an integer" + range(field);
  if constexpr (std::is_same_v<T, double>) return "a number" + range(field);
  return "text";
}

template <class T>
std::string expects(const ConfigField& field, const T&) {
  if constexpr (is_list<T>) {
    const std::string count = field.length > 0 ? fmt::format("{} values", field.length) : "values";
    return fmt::format("a list [a, b, ...] of {}, each {}", count,
                       expects_one<typename T::value_type>(field));
  } else {
    return expects_one<T>(field);
  }
}

// Text to values: nothing if the text does not say exactly one value within the field's limits.

template <class T>
std::optional<T> parse_one(const ConfigField& field, const std::string& text) {
  const auto& choices = field.choices;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), text) == choices.end())
    return {};
  if constexpr (std::is_same_v<T, std::string>) {
    return text;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (text == "true") return true;
    if (text == "false") return false;
    return {};
  } else {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    if (!std::isfinite(double(value)) || double(value) < field.low || double(value) > field.high)
      return {};
    return value;
  }
}

template <class T>
bool parse(const ConfigField& field, const YamlEntry& entry, T& target) {
  if (entry.is_list) return false;
  const std::optional<T> value = parse_one<T>(field, entry.values[0]);
  if (value) target = *value;
  return value.has_value();
}

template <class T>
bool parse(const ConfigField& field, const YamlEntry& entry, std::vector<T>& target) {
  if (!entry.is_list || (field.length > 0 && entry.values.size() != field.length)) return false;
  std::vector<T> values;
  for (const std::string& text : entry.values) {
    const std::optional<T> value = parse_one<T>(field, text);
    if (!value) return false;
    values.push_back(*value);
  }
  target = std::move(values);
  return true;
}

template <class T, std::size_t n>
bool parse(const ConfigField& field, const YamlEntry& entry, std::array<T, n>& target) {
  std::vector<T> values;
  if (!parse(field, entry, values) || values.size() != n) return false;
  std::ranges::copy(values, target.begin());
  return true;
}

// Suggestions for unknown keys.

std::string last_word(const std::string& key) {
  return key.substr(key.rfind('.') + 1);
}

[[noreturn]] void fail_unknown_key(const YamlEntry& entry) {
  std::string inside;
  ClosestMatch closest(entry.key, entry.key.size() / 3 + 2);
  Config config;
  visit_fields(config, [&](const ConfigField& field, auto&) {
    const std::string key = field.key;
    if (key.starts_with(entry.key + ".")) inside += (inside.empty() ? "" : ", ") + key;
    // A right word in the wrong section counts as near.
    if (last_word(key) == last_word(entry.key))
      closest.offer(key, 1);
    else
      closest.offer(key);
  });
  const std::string& best = closest.name();
  if (!inside.empty())
    fail<ConfigError>(entry.where, ": ", entry.key,
                      " is a section and takes no value: its keys are ", inside);
  fail<ConfigError>(entry.where, ": unknown key \"", entry.key, '"',
                    best.empty() ? std::string() : ": did you mean \"" + best + "\"?");
}

void apply(const YamlEntry& entry, Config& config) {
  bool found = false;
  visit_fields(config, [&](const ConfigField& field, auto& target) {
    if (entry.key != field.key) return;
    found = true;
    if (!parse(field, entry, target))
      fail<ConfigError>(entry.where, ": ", entry.key, " expects ", expects(field, target), ", got ",
                        entry.is_list ? fmt::format("[{}]", fmt::join(entry.values, ", "))
                                      : '"' + entry.values[0] + '"');
  });
  if (!found) fail_unknown_key(entry);
}

void append_overrides(const ConfigOverrides& overrides, std::vector<YamlEntry>& entries) {
  for (const std::string& assignment : overrides.set) {
    const std::size_t equals = assignment.find('=');
    check<ConfigError>(equals != std::string::npos && equals > 0, "--set expects key=value, got \"",
                       assignment, '"');
    entries.push_back(read_yaml_value(assignment.substr(0, equals), assignment.substr(equals + 1),
                                      "--set " + assignment));
  }
  // A flag's text is the value itself: a path may hold any character.
  for (const auto& [name, key, value] : overrides.flags)
    entries.push_back({key, {value}, false, concat(name, " ", value)});
}

void check_together(const Config& config) {
  config.model.check();
  const auto& background = config.data.transform.background_range;
  check<ConfigError>(background[0] <= background[1],
                     "data.augmentation.background expects [low, high], got [", background[0], ", ",
                     background[1], "]");
  const DataConfig& data = config.data;
  check<ConfigError>(data.mix_weights.empty() || data.mix_weights.size() == data.mix.size(),
                     "data.mix_weights expects a number for each of data.mix, got ",
                     data.mix_weights.size(), " for ", data.mix.size());
  const TrainConfig& train = config.train;
  check<ConfigError>(
      train.batch_size % train.accumulate == 0 && train.batch_size / train.accumulate >= 2,
      "train.accumulate must divide train.batch_size into parts of at least 2 objects, got ",
      train.accumulate, " parts of ", train.batch_size);
  check<ConfigError>(!config.test.thresholds.empty(), "test.thresholds expects at least one value");
  check<ConfigError>(!config.model.vgg_init.empty(),
                     "model.vgg_init expects random or a weights file, got \"\"");
}

// Values to text.

std::string write_one(bool value) {
  return value ? "true" : "false";
}
std::string write_one(int value) {
  return fmt::format("{}", value);
}
std::string write_one(std::int64_t value) {
  return fmt::format("{}", value);
}
std::string write_one(std::uint64_t value) {
  return fmt::format("{}", value);
}
std::string write_one(double value) {
  return fmt::format("{}", value);
}

bool is_plain_word(const std::string& text) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '/' || c == '.' ||
           c == '-';
  };
  return !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) &&
         std::all_of(text.begin(), text.end(), plain);
}

std::string write_one(const std::string& text) {
  if (is_plain_word(text)) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      quoted += c;
  }
  return quoted + '"';
}

template <class T>
std::string write(const T& value) {
  if constexpr (is_list<T>) {
    std::vector<std::string> words;
    words.reserve(value.size());
    for (const auto& each : value) words.push_back(write_one(each));
    return fmt::format("[{}]", fmt::join(words, ", "));
  } else {
    return write_one(value);
  }
}

}  // namespace

Config parse_config(const std::string& yaml, const std::string& name,
                    const ConfigOverrides& overrides) {
  std::vector<YamlEntry> entries = read_yaml_entries(yaml, name);
  append_overrides(overrides, entries);
  Config config;
  // These two choose the defaults of the other sizes, wherever they stand.
  for (const YamlEntry& entry : entries)
    if (entry.key == "model.variant" || entry.key == "model.n_vox") apply(entry, config);
  config.model = default_model(config.model.variant, config.model.n_vox);
  for (const YamlEntry& entry : entries) apply(entry, config);
  config.data.n_vox = config.model.n_vox;
  check_together(config);
  return config;
}

Config load_config(const std::filesystem::path& file, const ConfigOverrides& overrides) {
  std::error_code code;
  check<ConfigError>(std::filesystem::is_regular_file(file, code), file.string(),
                     ": no such configuration file");
  std::vector<std::uint8_t> bytes;
  try {
    bytes = read_file(file, max_yaml_bytes);
  } catch (const Error& error) {
    fail<ConfigError>(error.what());
  }
  return parse_config(std::string(bytes.begin(), bytes.end()), file.string(), overrides);
}

std::string to_yaml(const Config& config) {
  std::string text;
  std::string section;  // the one that the last line was in
  visit_fields(config, [&](const ConfigField& field, const auto& value) {
    const std::string key = field.key;
    std::string indent;
    for (std::size_t begin = 0, dot; (dot = key.find('.', begin)) != std::string::npos;
         begin = dot + 1) {
      if (!section.starts_with(key.substr(0, dot + 1)))
        text += indent + key.substr(begin, dot - begin) + ":\n";
      indent += "  ";
    }
    section = key;
    text += indent + last_word(key) + ": " + write(value) + '\n';
  });
  return text;
}

std::vector<ConfigKey> config_keys(const Config& config) {
  std::vector<ConfigKey> keys;
  visit_fields(config, [&](const ConfigField& field, const auto& value) {
    keys.push_back({field.key, write(value), expects(field, value), field.meaning});
  });
  return keys;
}

}  // namespace voxgrad
