// A data set in memory for tests of the loader. Object i, view v is one plain colour that tells
// both (red i, green v, blue 7); voxel i of volume i is occupied. Any object can be made to fail.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace voxgrad::testing {

class FakeDataset : public Dataset {
 public:
  FakeDataset(int objects, int views, int n_vox = 8);

  std::int64_t size() const override { return std::int64_t(infos_.size()); }
  const ObjectInfo& info(std::int64_t object) const override { return infos_[std::size_t(object)]; }
  int view_count(std::int64_t) const override { return views_; }
  Image view(std::int64_t object, int view) const override;
  VoxelGrid volume(std::int64_t object) const override;
  std::string view_name(std::int64_t object, int view) const override;
  std::string volume_name(std::int64_t object) const override;

  /// Called before every read; may throw or wait.
  std::function<void(std::int64_t object)> before_view, before_volume;
  mutable std::atomic<int> views_read{0}, volumes_read{0};

 private:
  std::vector<ObjectInfo> infos_;
  int views_, n_vox_;
};

}  // namespace voxgrad::testing
