// Merger: how much each view is to be trusted at each voxel. Five convolutions (kernel 3, padding
// 1) with batch norm and LeakyReLU(0.2) turn a view's raw features into a score a voxel; softmax of
// the scores over the views weighs the coarse volumes.
//
//   scores: [V*B,n,n,n,9] -> 16, 8, 4, 2, 1 channels -> [V*B,n,n,n,1]
#pragma once

#include <functional>

#include "layers/module.h"
#include "pix2vox/config/config.h"

namespace voxgrad {

class Merger : public UnaryModule {
 public:
  explicit Merger(const ModelConfig& config);
  /// The scores, before softmax.
  Variable forward(const Variable& raw_features) override;
  /// raw_features (asked for if they are needed) [V*B,n,n,n,C], coarse [V,B,n,n,n] to the fused
  /// volume [B,n,n,n].
  ///
  /// One view has weight 1, whatever its score, and the merger's gradient is exactly 0. Training
  /// still computes the scores, as its batch norms follow the data, but keeps no history for them;
  /// evaluation skips them.
  Variable merge(const std::function<Variable()>& raw_features, const Variable& coarse);

 private:
  std::vector<std::shared_ptr<Sequential>> layers_;
};

}  // namespace voxgrad
