// A folder for results that appears with the first of them.
#pragma once

#include <filesystem>
#include <vector>

namespace voxgrad::apps {

class OutputFolder {
 public:
  /// Makes nothing yet. Error if the folder could not be made: something else has the name of it
  /// or of a folder above, or writing there is not allowed.
  explicit OutputFolder(std::filesystem::path folder);
  /// Removes the folders that it made if they are still empty.
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  const std::filesystem::path& path() const { return folder_; }
  /// Makes the folder if it is not there.
  void make();

 private:
  std::filesystem::path folder_;
  std::vector<std::filesystem::path> made_;  // outermost first
};

}  // namespace voxgrad::apps
