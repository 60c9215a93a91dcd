// All colour steps of transforms.h as one affine map: result = M (b, g, r, 1).
#pragma once

#include <array>

#include "datasets/transforms/transforms.h"

namespace voxgrad {

using ColorMatrix = std::array<std::array<double, 4>, 3>;

/// Jitter, noise, normalisation to -1..1 and the permutation of the channels. `mean` is the
/// picture's mean colour (B, G, R) before these steps: contrast needs it.
ColorMatrix color_matrix(const AugmentationDraw& draw, const std::array<double, 3>& mean);

}  // namespace voxgrad
