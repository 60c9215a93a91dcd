// Encoder: a picture to a feature map. The trunk is VGG16 with batch norm up to its first layer of
// the fourth block ("vgg", numbered as in torchvision's features); three layers follow, each
// convolution (no padding), batch norm, ELU, and max pooling after the second.
//
//   A: 3x3, 3x3 + pool 3, 1x1: [N,224,224,3] -> [N,8,8,256]
//   F: 1x1, 3x3 + pool 4, 3x3: [N,224,224,3] -> [N,4,4,128]
//
// Simonyan and Zisserman, 2015; Xie et al., Pix2Vox, ICCV 2019.
#pragma once

#include "layers/module.h"
#include "pix2vox/config/config.h"

namespace voxgrad {

class Encoder : public UnaryModule {
 public:
  explicit Encoder(const ModelConfig& config);
  Variable forward(const Variable& images, const ForwardContext& context) override;
  Sequential& trunk() { return *vgg_; }

 private:
  std::shared_ptr<Sequential> vgg_;
  std::shared_ptr<UnaryModule> layer1_, layer2_, layer3_;
};

}  // namespace voxgrad
