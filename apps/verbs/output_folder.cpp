#include "apps/verbs/output_folder.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tensor/error.h"

namespace voxgrad::apps {
namespace fs = std::filesystem;

OutputFolder::OutputFolder(fs::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  fs::path there = fs::absolute(folder_, error).lexically_normal();
  if (!there.has_filename()) there = there.parent_path();
  while (!fs::exists(fs::symlink_status(there, error)) && there.has_relative_path())
    there = there.parent_path();
  const std::string name = folder_.string();
  check(fs::is_directory(there, error), name, ": cannot make the folder: ", there.string(),
        " is not a folder");
  check(::access(there.c_str(), W_OK | X_OK) == 0, name, ": cannot write: ", there.string(), ": ",
        std::strerror(errno));
}

OutputFolder::~OutputFolder() {
  std::error_code error;
  for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder)
    if (!fs::remove(*folder, error)) break;  // fails unless it is empty
}

void OutputFolder::make() {
  std::error_code error;
  std::vector<fs::path> missing;
  for (fs::path folder = fs::absolute(folder_, error).lexically_normal();
       folder.has_relative_path() && !fs::exists(folder, error); folder = folder.parent_path())
    if (folder.has_filename()) missing.push_back(folder);
  for (auto folder = missing.rbegin(); folder != missing.rend(); ++folder) {
    const bool made = fs::create_directory(*folder, error);
    check(!error, folder_.string(), ": cannot make the folder: ", error.message());
    if (made) made_.push_back(*folder);
  }
}

}  // namespace voxgrad::apps
