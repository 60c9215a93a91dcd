#include "io/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <set>
#include <sstream>

#include "tensor/error.h"

namespace voxgrad {
namespace {

constexpr std::size_t max_depth = 8;

// Collects entries from the parser's events, so that nothing but them is ever built.
class EntryCollector : public YAML::EventHandler {
 public:
  // With a key: the document is that key's value. Without: it is a map of sections.
  EntryCollector(std::string key, std::string source, bool with_lines)
      : root_key_(std::move(key)), source_(std::move(source)), with_lines_(with_lines) {}

  std::vector<YamlEntry> entries;

  void OnDocumentStart(const YAML::Mark& mark) override {
    check<ConfigError>(!started_, where(mark), ": more than one YAML document in a file");
    started_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (levels_.empty() && root_key_.empty()) return;  // an empty file: all defaults
    fail<ConfigError>(where(mark), ": ", current_key(), " has no value (write \"\" for none)");
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail<ConfigError>(where(mark), ": YAML aliases (*name) are not accepted: write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_plain(mark, tag, anchor);
    if (!levels_.empty() && levels_.back().is_map && levels_.back().key.empty()) {
      begin_value(mark, value);
    } else if (!levels_.empty() && !levels_.back().is_map) {
      entries.back().values.push_back(value);
    } else {
      check<ConfigError>(!current_key().empty(), where(mark),
                         ": expects `key: value` lines, got \"", value, '"');
      entries.push_back({current_key(), {value}, false, where(mark)});
      end_value();
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_plain(mark, tag, anchor);
    check_no_list(mark);
    check<ConfigError>(!current_key().empty(), where(mark), ": expects `key: value`, got a list");
    entries.push_back({current_key(), {}, true, where(mark)});
    levels_.push_back({current_key(), "", false});
  }
  void OnSequenceEnd() override {
    levels_.pop_back();
    end_value();
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_plain(mark, tag, anchor);
    check_no_list(mark);
    check<ConfigError>(root_key_.empty(), where(mark), ": expects a value or a list, got a map");
    check<ConfigError>(levels_.size() < max_depth, where(mark), ": nested deeper than ", max_depth);
    levels_.push_back({current_key(), "", true});
  }
  void OnMapEnd() override {
    levels_.pop_back();
    end_value();
  }

 private:
  struct Level {
    std::string path;  // of the map or list itself
    std::string key;   // of a map: the key whose value comes next
    bool is_map;
  };

  std::string where(const YAML::Mark& mark) const {
    return with_lines_ ? concat(source_, ':', mark.line + 1) : source_;
  }

  std::string current_key() const {
    if (levels_.empty()) return root_key_;
    const Level& level = levels_.back();
    return level.path.empty() ? level.key : level.path + "." + level.key;
  }

  void begin_value(const YAML::Mark& mark, const std::string& key) {
    check<ConfigError>(!key.empty(), where(mark), ": empty key");
    levels_.back().key = key;
    check<ConfigError>(seen_.insert(current_key()).second, where(mark), ": ", current_key(),
                       " is given twice");
  }
  void end_value() {
    if (!levels_.empty()) levels_.back().key.clear();
  }

  // yaml-cpp gives "?" for plain and "!" for quoted values.
  void check_plain(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) const {
    check<ConfigError>(anchor == 0, where(mark), ": YAML anchors (&name) are not accepted");
    check<ConfigError>(tag.empty() || tag == "?" || tag == "!", where(mark), ": the YAML tag \"",
                       tag, "\" is not accepted");
  }
  void check_no_list(const YAML::Mark& mark) const {
    check<ConfigError>(levels_.empty() || levels_.back().is_map, where(mark),
                       ": a list holds plain values only");
    check<ConfigError>(levels_.empty() || !levels_.back().key.empty(), where(mark),
                       ": a key is a plain word");
  }

  std::string root_key_, source_;
  bool with_lines_;
  bool started_ = false;
  std::vector<Level> levels_;
  std::set<std::string> seen_;
};

std::vector<YamlEntry> collect(EntryCollector collector, const std::string& text,
                               const std::string& name) {
  check<ConfigError>(text.size() <= max_yaml_bytes, name, ": has ", text.size(),
                     " bytes, a configuration has at most ", max_yaml_bytes);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(collector)) {
    }
  } catch (const YAML::Exception& error) {
    fail<ConfigError>(name, ':', error.mark.line + 1, ':', error.mark.column + 1,
                      ": not valid YAML: ", error.msg);
  }
  return std::move(collector.entries);
}

}  // namespace

std::vector<YamlEntry> read_yaml_entries(const std::string& text, const std::string& name) {
  return collect(EntryCollector("", name, true), text, name);
}

YamlEntry read_yaml_value(const std::string& key, const std::string& text,
                          const std::string& where) {
  const std::vector<YamlEntry> entries = collect(EntryCollector(key, where, false), text, where);
  check<ConfigError>(entries.size() == 1, where, ": ", key, " has no value (write \"\" for none)");
  return entries[0];
}

}  // namespace voxgrad
