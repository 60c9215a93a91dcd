// Making a trained network fast to use. A batch norm in evaluation mode is an affine function of
// each channel, so it goes into the convolution before it:
//
//   norm(conv(x, w) + b) = conv(x, w s) + (b - mean) s + beta,   s = gamma / sqrt(variance + eps)
//
// and its activation into the convolution's epilogue; a pooling behind it remains. The products w s
// are rounded to the parameters' dtype once; results change by rounding alone. From then on layers
// keep their kernels, and their weights in the kernels' own layouts, for every shape that they have
// met.
#pragma once

#include "layers/module.h"

namespace voxgrad {

/// Folds, in place, every batch norm that directly follows a convolution without activation in a
/// Sequential, and puts the network into evaluation mode for good: see Module::folded(). Gives no
/// gradients any more. The weights are expected to be this network's own. Folding twice is an
/// Error.
void fold_for_inference(Module& root);

}  // namespace voxgrad
