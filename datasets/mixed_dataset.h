// Several data sets as one, for training: the first is the one that is also validated and tested;
// objects of the others are shown by a weight (datasets/loading/epoch_order.h), and those that are
// near-duplicates of an object held out for validation or test are left out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datasets/build/split_groups.h"
#include "datasets/dataset.h"

namespace voxgrad {

/// Shapes that nothing similar may be trained on.
class HeldOutShapes {
 public:
  void add(const Dataset& dataset);
  /// IoU over 0.9 in some quarter turn (datasets/build/split_groups.h); grids of another size have
  /// none.
  bool has_near_duplicate(const VoxelGrid& grid) const;

 private:
  std::vector<std::pair<int, RotatedShape>> shapes_;  // side of the grid, shape
};

class MixedDataset : public Dataset {
 public:
  explicit MixedDataset(std::unique_ptr<Dataset> first);
  /// All but near-duplicates of `held_out`. Returns how many were left out; DataError, naming
  /// `name`, if that leaves nothing.
  std::int64_t add(std::unique_ptr<Dataset> dataset, double weight, const HeldOutShapes& held_out,
                   const std::string& name);

  std::int64_t size() const override { return std::int64_t(entries_.size()); }
  const ObjectInfo& info(std::int64_t object) const override;
  int view_count(std::int64_t object) const override;
  Image view(std::int64_t object, int view) const override;
  VoxelGrid volume(std::int64_t object) const override;
  std::string view_name(std::int64_t object, int view) const override;
  std::string volume_name(std::int64_t object) const override;
  std::optional<Box> box(std::int64_t object, int view) const override;
  double weight(std::int64_t object) const override;

 private:
  struct Part {
    std::unique_ptr<Dataset> dataset;
    double weight = 1;
  };
  struct Entry {
    std::size_t part = 0;
    std::int64_t object = 0;  // of the part
  };
  const Entry& entry(std::int64_t object) const { return entries_.at(std::size_t(object)); }
  const Dataset& dataset_of(const Entry& entry) const { return *parts_[entry.part].dataset; }

  std::vector<Part> parts_;
  std::vector<Entry> entries_;
};

}  // namespace voxgrad
