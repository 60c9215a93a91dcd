// Losses. The target gets no gradient. Result shape [1].
//
//   binary_cross_entropy  mean over all elements of -(t log p + (1-t) log(1-p)), each log clamped
//                         at -100
//   focal_loss            mean of -(t (1-p)^gamma log p + (1-t) p^gamma log(1-p)): elements that
//                         are right already count for less (Lin et al., ICCV 2017)
//   dice_loss             mean over the rows (entries of the first dimension) of
//                         1 - (2 sum p t + smoothing) / (sum (p + t) + smoothing): a soft measure
//                         of overlap, to which small shapes count as much as large ones (Milletari
//                         et al., "V-Net", 3DV 2016, with p where they have p^2)
//   mse_loss              mean over all elements of (y - t)^2, for any numbers y and t
//
// Probabilities and their targets are numbers from 0 to 1. On the CPU a value outside is an Error;
// on CUDA, where looking would make the host wait, only within a FiniteCheck (autograd/variable.h).
// A NaN passes: it makes the loss NaN, which training looks for.
#pragma once

#include "autograd/variable.h"

namespace voxgrad {

Variable binary_cross_entropy(const Variable& probability, const Tensor& target);
/// gamma from 1 to 10; 0 would be binary_cross_entropy.
Variable focal_loss(const Variable& probability, const Tensor& target, double gamma = 2);
/// smoothing > 0, in elements.
Variable dice_loss(const Variable& probability, const Tensor& target, double smoothing = 1);
Variable mse_loss(const Variable& y, const Tensor& target);

}  // namespace voxgrad
