#include "apps/photos/picture_files.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "tensor/error.h"

namespace voxgrad::apps {
namespace {

namespace fs = std::filesystem;

bool is_picture(const fs::path& file) {
  std::string ending = file.extension().string();
  if (ending.empty() || file.filename().string().front() == '.') return false;
  ending.erase(0, 1);
  std::ranges::transform(ending, ending.begin(),
                         [](unsigned char c) { return char(std::tolower(c)); });
  return std::ranges::find(picture_endings(), ending) != picture_endings().end();
}

std::vector<std::string> pictures_in(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    if (is_picture(entry->path()) && entry->is_regular_file(error))
      files.push_back(entry->path().string());
  check<ConfigError>(!error, folder.string(), ": the folder cannot be read: ", error.message());
  check<ConfigError>(!files.empty(), folder.string(), ": no pictures in this folder (",
                     fmt::format("{}", fmt::join(picture_endings(), ", ")), ")");
  std::ranges::sort(files);
  return files;
}

std::vector<std::string> matches_of(const std::string& pattern) {
  glob_t found{};
  const int status = glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<std::string> files;
  if (status == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  check<ConfigError>(!files.empty(), "no file matches ", pattern);
  return files;
}

}  // namespace

const std::vector<std::string>& picture_endings() {
  static const std::vector<std::string> endings{"png",  "jpg",  "jpeg", "webp", "heic",
                                                "heif", "avif", "bmp",  "gif",  "tga",
                                                "ppm",  "pgm",  "pnm"};
  return endings;
}

std::vector<std::string> picture_files(const std::vector<std::string>& words) {
  std::vector<std::string> files;
  const auto add = [&](const std::vector<std::string>& more) {
    files.insert(files.end(), more.begin(), more.end());
  };
  for (const std::string& word : words) {
    std::error_code error;
    if (fs::is_directory(word, error))
      add(pictures_in(word));
    else if (!fs::exists(word, error) && word.find_first_of("*?[") != std::string::npos)
      add(matches_of(word));
    else
      add({word});
  }
  return files;
}

}  // namespace voxgrad::apps
