// Measuring a model: intersection over union by category and threshold, and baselines that any
// model should beat.
//
//   IoU of an object = |P and T| / |P or T|,  P = (probability >= threshold)
//
// "Overall" weighs every object the same, "mean over categories" every category.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "datasets/loading/loader.h"
#include "pix2vox/network/model.h"
#include "tensor/device.h"

namespace voxgrad {

/// IoU of `count` probabilities against 0/1 truth at every threshold; 1 where both are empty.
std::vector<double> iou_at(const float* probability, const float* truth, std::int64_t count,
                           const std::vector<double>& thresholds);

/// Mean IoU at each threshold, by category and overall. Categories are told apart by id and name:
/// two of one name are two rows, shown with their ids.
class IouTable {
 public:
  struct Row {
    std::string name;  // unlike all others of the table
    std::int64_t objects = 0;
    std::vector<double> mean;  // at each threshold
  };

  explicit IouTable(std::vector<double> thresholds = {});
  void add(const ObjectInfo& object, const std::vector<double>& iou);

  const std::vector<double>& thresholds() const { return thresholds_; }
  /// Categories in name order.
  std::vector<Row> categories() const;
  /// Every object weighs the same.
  Row overall() const;
  Row mean_over_categories() const;
  /// The threshold with the highest overall mean, and that mean; the lower one on a tie.
  std::pair<double, double> best() const;
  /// The best checkpoint is the one with the highest value of this: overall, mean over thresholds.
  double mean_over_thresholds() const;

 private:
  struct Sum {
    std::pair<std::string, std::string> category;  // name, id
    std::int64_t objects = 0;
    std::vector<double> total;
  };
  std::vector<double> thresholds_;
  std::vector<Sum> sums_;  // in the order of their categories
};

struct Evaluation {
  IouTable iou;
  double loss_merged = 0, loss_refined = 0;  // mean over objects; refined 0 without refiner
  double seconds = 0;
  /// Objects that could not be read and were left out (options.skip_bad).
  std::vector<SkippedObject> skipped;
};

struct EvaluationHooks {
  /// Objects done, and their total.
  std::function<void(std::int64_t, std::int64_t)> progress;
  /// Every batch with its predicted volumes [B,n,n,n] on the host. It may be packed: ask it for
  /// Batch::first_images().
  std::function<void(const Batch&, const Tensor&)> predicted;
  /// Asked between batches; true stops with an incomplete result.
  std::function<bool()> stop;
};

/// Runs the model in evaluation mode (and leaves it in the mode it was in) over a whole split.
/// options.augment and shuffle must be off. With options.skip_bad, objects that cannot be read are
/// left out: none counts in their place. DataError if none is left.
Evaluation evaluate(Pix2Vox& model, const Dataset& dataset, const LoaderOptions& options,
                    const std::vector<double>& thresholds, const EvaluationHooks& hooks = {});

/// What one gets without looking at the picture, from the training split alone.
struct Baselines {
  IouTable mean_shape;           // the mean of all training volumes
  IouTable category_mean_shape;  // of the true category; the global one for categories without
  IouTable best_training_shape;  // the training shape with the highest IoU: needs the answer, so it
                                 // is a ceiling for memorising, not a method. Threshold 0.5.
};

Baselines measure_baselines(const Dataset& train, const Dataset& test,
                            const std::vector<double>& thresholds,
                            const std::function<void(std::int64_t, std::int64_t)>& progress = {});

}  // namespace voxgrad
