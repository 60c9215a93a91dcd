#include "datasets/build/out_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "datasets/build/build_journal.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

namespace fs = std::filesystem;

constexpr const char* renderings = "ShapeNetRendering";

std::vector<fs::path> visible_entries(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with('.')) found.push_back(entry.path());
  }
  return found;
}

bool is_volume_folder(const fs::path& path) {
  return path.filename().string().starts_with("ShapeNetVox");
}

}  // namespace

std::string volume_folder(const BuildOptions& options) {
  return fmt::format("ShapeNetVox{}", options.resolution);
}

void prepare_folder(const BuildOptions& options) {
  const fs::path& out = options.out;
  check<ConfigError>(!options.overwrite || !options.resume,
                     "[build] --overwrite and --resume exclude each other");
  if (fs::exists(out)) {
    check(fs::is_directory(out), "[build] ", out.string(), " is not a folder");
    const std::vector<fs::path> entries = visible_entries(out);
    check(entries.empty() || fs::exists(out / renderings), "[build] ", out.string(),
          " holds other files; choose a new or empty folder");
    const bool finished = fs::exists(out / "dataset.json");
    const bool begun = fs::exists(out / BuildJournal::file_name);
    // A build leaves credits; without them this is a data set from elsewhere.
    check(!finished || fs::exists(out / "credits.tsv"), "[build] ", out.string(),
          " holds a data set that was not built by this program; choose a new or empty folder");
    check<ConfigError>(!options.resume || begun, "[build] ", out.string(),
                       finished ? " holds a finished data set" : " holds no build",
                       "; there is nothing to resume");
    check<ConfigError>(
        entries.empty() || options.overwrite || options.resume, "[build] ", out.string(),
        begun ? " holds a build that was interrupted; --resume continues it" : " holds a data set",
        begun ? " with it, --overwrite replaces it" : "; --overwrite replaces it");
    for (const fs::path& entry : entries) {
      check<ConfigError>(!is_volume_folder(entry) || options.overwrite ||
                             entry.filename() == volume_folder(options),
                         "[build] ", out.string(), " already holds ", entry.filename().string(),
                         ", volumes of another resolution; choose a new or empty folder");
    }
  } else {
    check<ConfigError>(!options.resume, "[build] ", out.string(),
                       ": no such folder; there is nothing to resume");
  }
  fs::create_directories(out / renderings);
  fs::remove(out / "dataset.json");
}

void remove_orphans(const BuildOptions& options, const Taxonomy& taxonomy) {
  std::set<std::pair<std::string, std::string>> listed;
  std::set<std::string> categories;
  for (const Category& category : taxonomy) {
    categories.insert(category.taxonomy_id);
    for (const auto* split : {&category.train, &category.val, &category.test}) {
      for (const std::string& id : *split) listed.emplace(category.taxonomy_id, id);
    }
  }
  for (const fs::path& folder : visible_entries(options.out)) {
    if (is_volume_folder(folder) && folder.filename() != volume_folder(options)) {
      fs::remove_all(folder);
      continue;
    }
    if (!is_volume_folder(folder) && folder.filename() != renderings) continue;
    for (const fs::path& category : visible_entries(folder)) {
      if (!categories.contains(category.filename().string())) {
        fs::remove_all(category);
        continue;
      }
      for (const fs::path& object : visible_entries(category)) {
        if (!listed.contains({category.filename().string(), object.filename().string()})) {
          fs::remove_all(object);
        }
      }
    }
  }
}

}  // namespace voxgrad
