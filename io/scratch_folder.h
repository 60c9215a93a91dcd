// A folder of its own below the system's temporary one, removed with everything in it at the end.
#pragma once

#include <filesystem>

namespace voxgrad {

class ScratchFolder {
 public:
  /// Error if there is no place for it.
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace voxgrad
