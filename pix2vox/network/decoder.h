// Decoder: a feature map to a coarse volume. The map, flattened channels first, is viewed as a
// volume of side 2; transposed convolutions (kernel 4, stride 2, padding 1, no bias, then batch
// norm and ReLU) double the side up to n_vox; a last one of kernel 1 and a sigmoid give the volume.
//
//   A: [N,8,8,256] -> [N,2,2,2,2048] -> 512, 128, 32, 8 channels -> [N,32,32,32,1]
//   F: [N,4,4,128] -> [N,2,2,2,256] -> 128, 64, 32, 8 channels -> [N,32,32,32,1]
//   ++A: [N,7,7,256] -> [N,2,2,2,1568] -> as A;  ++F: [N,7,7,64] -> [N,2,2,2,392] -> as F
#pragma once

#include "layers/module.h"
#include "pix2vox/config/config.h"

namespace voxgrad {

class Decoder : public Module {
 public:
  explicit Decoder(const ModelConfig& config);

  struct Result {
    Variable features;  // [N,n,n,n,C], the last layer's channels
    Variable coarse;    // [N,n,n,n,1], probabilities, never bf16
    /// [N,n,n,n,C+1], both side by side in the features' dtype: what the merger looks at.
    Variable raw_features() const;
  };
  Result forward(const Variable& features, const ForwardContext& context);

 private:
  std::int64_t in_channels_;
  std::vector<std::shared_ptr<UnaryModule>> layers_;  // layer1 .. the last one gives the volume
};

}  // namespace voxgrad
