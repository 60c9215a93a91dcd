// The trunk of the encoder: the first layers of a network that classifies pictures, without what
// follows. Children are numbered as in torchvision, whose weights fit by name.
//
//   VGG16 with batch norm (A, F): features[0..26], up to the first layer of the fourth block:
//     [N,224,224,3] -> [N,28,28,512]
//   ResNet-18 (++F) and ResNet-50 (++A): conv1 (7x7, stride 2), bn1, relu, maxpool (3, stride 2,
//     padding 1), layer1, layer2 as children 0, 1, 2, 3, 4, 5:
//     [N,224,224,3] -> [N,28,28,128] (++F), [N,28,28,512] (++A)
//
// Simonyan and Zisserman, 2015; He et al., 2015.
#pragma once

#include "layers/module.h"
#include "pix2vox/config/config.h"

namespace voxgrad {

std::shared_ptr<Sequential> make_trunk(const ModelConfig& config);
/// The trunk's name in the encoder: "vgg" or "resnet".
std::string trunk_name(const ModelConfig& config);
/// Of a file's tensors those of the trunk, named as in the trunk: known as "encoder.vgg.N.*",
/// "vgg.N.*" or "features.N.*", or "encoder.resnet.N.*", "resnet.N.*" or torchvision's "conv1.*",
/// "bn1.*", "layer1.*", "layer2.*".
std::vector<NamedTensor> trunk_tensors(const ModelConfig& config,
                                       const std::vector<NamedTensor>& tensors);

}  // namespace voxgrad
