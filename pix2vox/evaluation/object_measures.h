// All measures of a model's predictions, object by object. Hand add() to
// EvaluationHooks::predicted.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pix2vox/evaluation/calibration.h"
#include "pix2vox/evaluation/evaluator.h"
#include "pix2vox/evaluation/fscore.h"
#include "pix2vox/evaluation/threshold_search.h"
#include "voxels/grid/bit_grid.h"

namespace voxgrad {

struct MeasureOptions {
  std::vector<double> thresholds{0.2, 0.3, 0.4, 0.5};     // of the IoU of each object
  double shape_threshold = 0.3;                           // of F-score and Chamfer distance
  std::optional<FScoreOptions> fscore = FScoreOptions{};  // none: leave both out
  bool keep_shapes = false;  // keep the voxels of prediction and truth, a bit each
};

struct ObjectMeasure {
  ObjectInfo object;
  std::vector<double> iou;  // at each threshold
  std::optional<ShapeDistance> shape{};
  std::int64_t predicted_voxels = 0, true_voxels = 0;  // at the shape threshold
  double shape_iou = 0;                                // at the shape threshold
  std::optional<BitGrid> predicted{}, truth{};         // with keep_shapes
};

/// Mean F-scores of a category, or of all objects.
struct ShapeRow {
  std::string name;
  std::int64_t objects = 0;
  std::array<double, fscore_distances.size()> fscore{};
  double chamfer = 0;  // over the objects that have one
  std::int64_t without_chamfer = 0;
};

class ObjectMeasures {
 public:
  explicit ObjectMeasures(MeasureOptions options = {});

  /// volumes: [B,n,n,n] on the host.
  void add(const Batch& batch, const Tensor& volumes);

  const MeasureOptions& options() const { return options_; }
  const std::vector<ObjectMeasure>& objects() const { return objects_; }
  const Calibration& calibration() const { return calibration_; }
  const ThresholdSearch& thresholds() const { return search_; }
  /// By category, then "overall" and "mean over categories"; empty without F-scores.
  std::vector<ShapeRow> shape_rows() const;
  /// A line per object: number, category, object, IoU at each threshold, F-scores, Chamfer.
  std::string csv() const;

 private:
  MeasureOptions options_;
  std::vector<ObjectMeasure> objects_;
  Calibration calibration_;
  ThresholdSearch search_;
};

}  // namespace voxgrad
