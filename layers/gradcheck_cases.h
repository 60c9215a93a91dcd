// Random gradient-check cases of every function of autograd/ and layers/: what `pix2vox gradcheck`
// and tests/layers run. Sizes, strides, paddings and kernels are drawn, odd ones included; inputs
// keep away from kinks (0 of relu, ties of max pooling, bounds of clamp), where no derivative
// exists.
#pragma once

#include <string>
#include <vector>

#include "autograd/gradcheck.h"
#include "tensor/rng.h"

namespace voxgrad {

struct GradcheckCase {
  std::string layer;             // "conv3d"
  std::string description;       // the shapes and options drawn
  std::vector<Variable> inputs;  // f64, on the device asked for
  CheckedFunction function;
};

/// Names of all layers that have cases, in the order they are listed.
std::vector<std::string> gradcheck_layers();

/// Case number `index` of a layer; the same for the same seed. ConfigError for an unknown layer
/// lists the known ones.
GradcheckCase make_gradcheck_case(const std::string& layer, std::uint64_t seed, std::uint64_t index,
                                  Device device = {});

}  // namespace voxgrad
