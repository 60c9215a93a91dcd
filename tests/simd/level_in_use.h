// A kernel that says for which level it was compiled.
#pragma once

#include "simd/isa.h"

namespace voxgrad::testing {

Isa level_in_use();

}  // namespace voxgrad::testing
