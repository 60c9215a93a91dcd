// The threshold with the highest mean IoU on a split, over all objects and by category.
#pragma once

#include <utility>
#include <vector>

#include "datasets/dataset.h"
#include "pix2vox/checkpoint/checkpoint.h"
#include "pix2vox/evaluation/evaluator.h"

namespace voxgrad {

class ThresholdSearch {
 public:
  /// Tries 0.02, 0.04 ... 0.98.
  ThresholdSearch();

  /// `count` probabilities against 0/1 truth.
  void add(const ObjectInfo& object, const float* probability, const float* truth,
           std::int64_t count);
  bool empty() const { return categories_.empty(); }
  /// Highest mean over all objects, and that mean; the lower threshold on a tie. Error without
  /// objects.
  std::pair<double, double> best() const;
  /// In the order of their names.
  std::vector<CategoryThreshold> by_category() const;
  const std::vector<double>& thresholds() const { return thresholds_; }
  /// Mean IoU at each of them.
  const IouTable& table() const { return table_; }

 private:
  struct Category {
    ObjectInfo info;
    IouTable table;
  };
  std::vector<double> thresholds_;
  IouTable table_;
  std::vector<Category> categories_;
};

/// IoU at each of ascending thresholds in one pass over the voxels.
std::vector<double> iou_at_ascending(const float* probability, const float* truth,
                                     std::int64_t count, const std::vector<double>& thresholds);

}  // namespace voxgrad
