// What an interrupted build leaves so that it can be resumed: out/unfinished.tsv. Its first line
// says what was to be built, each further one names an object that is complete.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace voxgrad {

class BuildJournal {
 public:
  using Object = std::pair<std::string, std::string>;  // category and id

  static constexpr const char* file_name = "unfinished.tsv";

  /// Begins a journal in the folder, or continues the one that is there. ConfigError if that was
  /// begun with another description.
  BuildJournal(const std::filesystem::path& folder, const std::string& description, bool resume);

  /// Complete before this run.
  bool is_done(const Object& object) const { return done_.contains(object); }
  /// From one thread at a time. Error if it cannot be written.
  void add(const Object& object);
  /// The build is finished: removes the file.
  void remove();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void read(const std::string& description);

  std::filesystem::path path_;
  std::set<Object> done_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace voxgrad
