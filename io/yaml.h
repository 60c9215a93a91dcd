// A strict reader for the small part of YAML that configurations use: nested maps of plain values
// and of lists of plain values. Everything else (aliases, anchors, tags, lists of lists, several
// documents, repeated keys, empty values) is a ConfigError that names file and line.
#pragma once

#include <string>
#include <vector>

namespace voxgrad {

/// A longer configuration is refused.
inline constexpr std::size_t max_yaml_bytes = 256 << 10;

struct YamlEntry {
  std::string key;  // "train.epochs"
  std::vector<std::string> values;
  bool is_list = false;
  std::string where;  // "configs/mine.yaml:12", for messages
};

/// The entries of a whole document, in file order. `name` stands for the file in messages.
std::vector<YamlEntry> read_yaml_entries(const std::string& text, const std::string& name);
/// One value or list: the right side of --set key=value.
YamlEntry read_yaml_value(const std::string& key, const std::string& text,
                          const std::string& where);

}  // namespace voxgrad
