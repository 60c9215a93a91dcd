// Mistakes that people make in backward passes, each planted in the gradient of one input of a real
// layer: what the gradient check is tried on (`pix2vox gradcheck --plant`). The forward pass stays
// right, so that only the check can tell.
#pragma once

#include <string>
#include <vector>

#include "layers/gradcheck_cases.h"

namespace voxgrad {

struct PlantedFault {
  std::string name;     // "sign": what is wrong
  std::string layer;    // in which layer (gradcheck_layers)
  GradcheckCase wrong;  // a case of that layer whose backward pass has the fault
};

/// All of them, in cases drawn from the seed.
std::vector<PlantedFault> planted_faults(std::uint64_t seed, Device device = {});

}  // namespace voxgrad
