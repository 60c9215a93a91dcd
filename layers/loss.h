// Losses. binary_cross_entropy: mean over all elements of -(t log p + (1-t) log(1-p)), each log
// clamped at -100. The target gets no gradient. Result shape [1].
//
// Probabilities and targets are numbers from 0 to 1. On the CPU a value outside is an Error; on
// CUDA, where looking would make the host wait, only within a FiniteCheck (autograd/variable.h). A
// NaN passes: it makes the loss NaN, which training looks for.
#pragma once

#include "autograd/variable.h"

namespace voxgrad {

Variable binary_cross_entropy(const Variable& probability, const Tensor& target);

}  // namespace voxgrad
