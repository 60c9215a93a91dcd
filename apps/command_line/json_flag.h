// --json FILE|-, the same in every verb: its results for programs. "-" is standard output, which
// then holds nothing else.
#pragma once

#include <string>

#include "apps/command_line/command_line.h"

namespace voxgrad::apps {

class JsonFlag {
 public:
  void add(Verb& verb);
  /// False where standard output is to hold the JSON alone.
  bool prints_text() const { return path_ != "-"; }
  /// ConfigError if the file cannot be written: better told before the work than after it.
  void check_writable() const;
  /// Writes the document if it was asked for. A file is written atomically.
  void write(const std::string& document) const;
  bool wanted() const { return !path_.empty(); }

 private:
  std::string path_;
};

}  // namespace voxgrad::apps
