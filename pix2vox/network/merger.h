// Merger: how much each view is to be trusted at each voxel. Five or six convolutions (kernel 3,
// padding 1) with batch norm and LeakyReLU(0.2) turn a view's raw features into a score per voxel;
// softmax of the scores over the views weighs the coarse volumes.
//
//   A, F: [V*B,n,n,n,9] -> 16, 8, 4, 2, 1 channels -> [V*B,n,n,n,1]
//   ++A, ++F: [V*B,n,n,n,9] -> 9, 9, 9, 9; these four maps side by side, 36 channels -> 9, 1
#pragma once

#include "layers/module.h"
#include "pix2vox/config/config.h"

namespace voxgrad {

class Merger : public UnaryModule {
 public:
  explicit Merger(const ModelConfig& config);
  /// The scores, before softmax.
  Variable forward(const Variable& raw_features, const ForwardContext& context) override;
  /// raw_features [V*B,n,n,n,C], coarse [V,B,n,n,n] to the fused volume [B,n,n,n].
  Variable merge(const Variable& raw_features, const Variable& coarse,
                 const ForwardContext& context);
  /// The same for one view, coarse [1,B,n,n,n]: its weight is 1 at any score, and the gradient of
  /// the merger's parameters is exactly 0, so that no raw features are needed. (In training the
  /// batch norms still have to follow the data: call forward() without history.)
  Variable merge_one_view(const Variable& coarse) const;

 private:
  std::vector<std::shared_ptr<UnaryModule>> layers_;
  std::size_t joined_;  // this layer reads the results of all before it; 0: of the one before
};

}  // namespace voxgrad
