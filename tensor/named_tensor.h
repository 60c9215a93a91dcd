// A tensor under its name in a state dict, such as "encoder.vgg.0.weight".
#pragma once

#include <string>

#include "tensor/tensor.h"

namespace voxgrad {

struct NamedTensor {
  std::string name;
  Tensor tensor;  // a handle: shares storage with its owner
};

}  // namespace voxgrad
