// `pix2vox dataset check` and `stats`: is a data set complete and sound, and what is in it. Nothing
// here throws for a damaged or missing file: it is counted and named.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "datasets/check/journal.h"
#include "datasets/dataset.h"
#include "datasets/open.h"

namespace voxgrad {

struct CheckOptions {
  std::filesystem::path taxonomy{};  // empty: the set's own
  bool decode = true;                // read every file; else only look whether it is there
  int threads = 2;
  std::filesystem::path journal{};          // if given: keeps what was found, and continues from it
  const std::atomic<bool>* stop = nullptr;  // once true: report what was checked until then
  std::function<void(std::int64_t done, std::int64_t total)> progress{};  // one thread at a time
};

/// Objects of one split of one category.
struct SplitCount {
  std::int64_t listed = 0;    // in the taxonomy
  std::int64_t complete = 0;  // volume and at least one view are there
  std::int64_t views = 0;
};

struct CategoryCount {
  std::string taxonomy_id, taxonomy_name;
  std::array<SplitCount, 3> splits;  // train, val, test
};

struct DatasetReport {
  static constexpr std::array<const char*, 3> split_names{"train", "val", "test"};

  std::vector<CategoryCount> categories;
  std::vector<std::string> missing;  // in taxonomy order
  std::vector<FileProblem> bad;      // damaged files and volumes of another size than the others
  /// Sound, but worth a look: full volumes, surfaces without inside, axes that may be exchanged,
  /// duplicates in two splits, counts other than the published ones.
  std::vector<std::string> notes;
  std::string expected_layout;  // of 3D-R2N2's sets
  bool interrupted = false;     // not all objects were looked at

  SplitCount total() const;
  /// Empty if nothing is missing.
  std::string first_missing() const { return missing.empty() ? "" : missing.front(); }
  /// At least one object, nothing missing, nothing bad.
  bool good() const { return total().complete > 0 && missing.empty() && bad.empty(); }
};

/// A set in the layout of 3D-R2N2. DataError only if root or its taxonomy cannot be read at all.
DatasetReport check_dataset(const std::filesystem::path& root, const CheckOptions& options = {});
/// A set of any kind; of others than 3D-R2N2's, objects whose files are missing are named where the
/// set can be opened without them.
DatasetReport check_dataset(const DatasetSource& source, const CheckOptions& options = {});

struct CategoryStatistics {
  std::int64_t objects = 0, views = 0;
  double mean_occupancy = 0;  // share of occupied voxels
};

struct DatasetStatistics {
  std::int64_t objects = 0, views = 0;
  int min_views = 0, max_views = 0;                   // of one object
  std::map<std::string, std::int64_t> picture_kinds;  // "137x137x4" (width, height, channels)
  std::map<int, std::int64_t> resolutions;            // of the volumes
  double mean_occupancy = 0, min_occupancy = 0, max_occupancy = 0;
  std::map<std::string, CategoryStatistics> categories;  // by taxonomy name
};

/// Reads every volume, and of every object the first view. Throws what the dataset throws.
DatasetStatistics dataset_statistics(const Dataset& dataset, int threads = 2);

}  // namespace voxgrad
