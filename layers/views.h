// Fusing views: the first dimension counts views (formulas: tensor/ops/views_ops.h).
#pragma once

#include "autograd/variable.h"

namespace voxgrad {

/// Softmax over the views at every position: x [V,...].
Variable softmax_over_views(const Variable& x);
/// sum over v of weights[v,...] * x[v,...]: both [V,...], result [...].
Variable weighted_sum_over_views(const Variable& weights, const Variable& x);

}  // namespace voxgrad
