#include "tensor/ops/pool_ops.h"

namespace voxgrad {

PoolGeometry PoolGeometry::make(const char* op, const Shape& x, const Triple& kernel,
                                const Triple& stride, const Triple& padding) {
  check(x.rank() == 4 || x.rank() == 5, "[", op, "] input must be [N,H,W,C] or [N,D,H,W,C], got ",
        x);
  PoolGeometry g;
  g.spatial_rank = x.rank() - 2;
  g.batch = x[0];
  g.channels = x[-1];
  check(kernel[0] * kernel[1] * kernel[2] <= 255, "[", op, "] windows of at most 255 elements");
  for (int axis = 3 - g.spatial_rank; axis < 3; ++axis) {
    g.input[axis] = x[axis - (3 - g.spatial_rank) + 1];
    g.kernel[axis] = kernel[axis];
    g.stride[axis] = stride[axis];
    g.padding[axis] = padding[axis];
    check(kernel[axis] >= 1 && stride[axis] >= 1, "[", op,
          "] kernel and stride must be at least 1");
    check(padding[axis] >= 0 && 2 * padding[axis] <= kernel[axis], "[", op, "] a padding of ",
          padding[axis], " is more than half the window ", kernel[axis]);
    const std::int64_t padded = g.input[axis] + 2 * padding[axis];
    check(padded >= kernel[axis], "[", op, "] window ", kernel[axis], " is larger than the input ",
          x);
    g.output[axis] = (padded - kernel[axis]) / stride[axis] + 1;
  }
  return g;
}

namespace {
Shape shape_of(const PoolGeometry& g, const Triple& extents) {
  if (g.spatial_rank == 2) return {g.batch, extents[1], extents[2], g.channels};
  return {g.batch, extents[0], extents[1], extents[2], g.channels};
}
}  // namespace

Shape PoolGeometry::input_shape() const {
  return shape_of(*this, input);
}
Shape PoolGeometry::output_shape() const {
  return shape_of(*this, output);
}

}  // namespace voxgrad
