// From pictures to a volume, with nothing but a weights file: the network, its preprocessing and
// its calibrated threshold all come from the checkpoint.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pix2vox/checkpoint/checkpoint.h"
#include "pix2vox/network/captured_forward.h"
#include "pix2vox/prediction/framing.h"
#include "voxels/grid/grid.h"
#include "voxels/image/image.h"

namespace voxgrad {

struct PredictorOptions {
  Precision precision = Precision::f32;
  /// See TransformOptions. Absent: the one that the network was trained with, or default_min_alpha
  /// where that was 0, the published order. 0: prepare pictures just as data sets are.
  std::optional<int> min_alpha{};
  bool squeeze = false;  // see Framing
};

class Predictor {
 public:
  /// Loads a checkpoint strictly. Error names the file and what is wrong with it.
  Predictor(const std::filesystem::path& weights, Device device,
            const PredictorOptions& options = {});
  Predictor(const Checkpoint& checkpoint, Device device, const PredictorOptions& options = {});

  struct Result {
    VoxelGrid probabilities;
    std::vector<Image> inputs;  // what the network saw, RGB, one picture per view
  };
  /// The views of one object, at least one, any size, grey to RGBA.
  Result predict(const std::vector<Image>& views);

  const Config& config() const { return config_; }
  const Framing& framing() const { return framing_; }
  /// The threshold that was best on the validation split, 0.3 if there was none.
  double threshold() const { return threshold_; }
  /// The same of one category, by name or id. ConfigError that lists those it has for another.
  double threshold_of(const std::string& category) const;

 private:
  Config config_;
  double threshold_;
  std::vector<CategoryThreshold> category_thresholds_;
  Framing framing_;
  std::unique_ptr<Pix2Vox> model_;  // where forward_ expects it, also when this is moved
  std::unique_ptr<CapturedForward> forward_;
};

}  // namespace voxgrad
