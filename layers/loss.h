// Losses. binary_cross_entropy: mean over all elements of -(t log p + (1-t) log(1-p)), each log
// clamped at -100. The target gets no gradient. Result shape [1].
#pragma once

#include "autograd/variable.h"

namespace voxgrad {

Variable binary_cross_entropy(const Variable& probability, const Tensor& target);

}  // namespace voxgrad
