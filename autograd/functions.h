// Basic arithmetic on Variables. Shapes must agree exactly: there is no broadcasting.
// Every function's gradient is exact and checked in f64 by tests/autograd.
#pragma once

#include "autograd/variable.h"
#include "tensor/ops/layout_ops.h"

namespace voxgrad {

Variable add(const Variable& a, const Variable& b);
Variable subtract(const Variable& a, const Variable& b);
Variable multiply(const Variable& a, const Variable& b);
Variable divide(const Variable& a, const Variable& b);
/// scale * x + offset.
Variable affine(const Variable& x, double scale, double offset = 0);
/// Sum and mean of all elements: shape [1].
Variable sum(const Variable& x);
Variable mean(const Variable& x);
/// Limits to [low, high]; the gradient passes inside and on the bounds.
Variable clamp(const Variable& x, double low, double high);
Variable reshape(const Variable& x, const Shape& shape);
/// The same values in another float dtype, rounded to nearest even; the gradient is cast back.
Variable cast(const Variable& x, DType dtype);
/// Result dimension i is x's dimension order[i].
Variable permute(const Variable& x, const Permutation& order);
/// Channels of a, then channels of b; all other extents equal.
Variable concat_channels(const Variable& a, const Variable& b);
/// Rows [begin, end) of the first dimension.
Variable slice_rows(const Variable& x, std::int64_t begin, std::int64_t end);

}  // namespace voxgrad
