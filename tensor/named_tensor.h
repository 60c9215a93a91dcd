// A tensor under its name in a state dict, such as "encoder.vgg.0.weight", and loading a whole
// state.
#pragma once

#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace voxgrad {

struct NamedTensor {
  std::string name;
  Tensor tensor;  // a handle: shares storage with its owner
};

/// Overwrites the tensors of `own` in place with those of the same names, converting dtype and
/// device. Strict: an Error, which begins with `problem`, lists every missing, extra and wrongly
/// shaped tensor, and nothing is changed. `owner` names whose tensors they are: "the model".
void load_named(const std::vector<NamedTensor>& own, const std::vector<NamedTensor>& offered,
                const std::string& problem, const std::string& owner);

}  // namespace voxgrad
