// A small data set in the 3D-R2N2 layout, written into a temporary folder for one test: RGBA
// pictures and solid boxes, all from one seed.
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/temporary_folder.h"

namespace voxgrad::testing {

struct TinyDatasetOptions {
  int categories = 2;                // taxonomy ids 0000, 0001, ... named chair, table, class2, ...
  int train = 3, val = 1, test = 2;  // objects per category, ids <split><number>
  int views = 3;
  int picture_size = 40;
  int n_vox = 32;
  unsigned seed = 1;
};

class TinyDataset {
 public:
  explicit TinyDataset(const TinyDatasetOptions& options = {});

  const std::filesystem::path& root() const { return folder_.path(); }
  std::filesystem::path view(const std::string& taxonomy_id, const std::string& object_id,
                             const std::string& name = "00.png") const;
  std::filesystem::path volume(const std::string& taxonomy_id, const std::string& object_id) const;

 private:
  TemporaryFolder folder_;
};

}  // namespace voxgrad::testing
