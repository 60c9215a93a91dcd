// Encoder: a picture to a feature map. A trunk (pix2vox/network/trunk.h), then three layers, each
// convolution, batch norm, activation, some followed by max pooling.
//
//   A: 3x3, 3x3 + pool 3, 1x1, ELU, no padding: [N,224,224,3] -> [N,8,8,256]
//   F: 1x1, 3x3 + pool 4, 3x3, ELU, no padding: [N,224,224,3] -> [N,4,4,128]
//   ++A, ++F: 3x3, 3x3 + pool 2, 3x3 + pool 2, ReLU, padding 1: [N,224,224,3] -> [N,7,7,256 or 64]
//
// Xie et al., Pix2Vox, ICCV 2019; Xie et al., Pix2Vox++, IJCV 2020.
#pragma once

#include "layers/module.h"
#include "pix2vox/config/config.h"

namespace voxgrad {

class Encoder : public UnaryModule {
 public:
  explicit Encoder(const ModelConfig& config);
  Variable forward(const Variable& images, const ForwardContext& context) override;
  Sequential& trunk() { return *trunk_; }

 private:
  std::shared_ptr<Sequential> trunk_;
  std::vector<std::shared_ptr<UnaryModule>> layers_;
};

}  // namespace voxgrad
