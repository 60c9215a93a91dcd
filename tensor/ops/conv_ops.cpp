#include "tensor/ops/conv_ops.h"

namespace voxgrad {
namespace {

constexpr const char* kAxes[] = {"depth", "height", "width"};

// The extents and channels that convolution() and transposed() read the same way.
ConvGeometry read_shapes(const char* op, const Shape& x, const Shape& w,
                         const ConvOptions& options) {
  check(x.rank() == 4 || x.rank() == 5, "[", op, "] input must be [N,H,W,C] or [N,D,H,W,C], got ",
        x);
  check(w.rank() == x.rank(), "[", op, "] weight must have ", x.rank(), " dimensions: input ", x,
        ", weight ", w);
  check(x.numel() > 0 && w.numel() > 0, "[", op, "] empty tensor: input ", x, ", weight ", w);
  ConvGeometry g;
  g.spatial_rank = x.rank() - 2;
  g.batch = x[0];
  g.precision = options.precision;
  for (int axis = 3 - g.spatial_rank; axis < 3; ++axis) {
    const int dim = axis - (3 - g.spatial_rank) + 1;
    g.input[axis] = x[dim];
    g.kernel[axis] = w[dim];
    g.stride[axis] = options.stride[axis];
    g.padding[axis] = options.padding[axis];
    check(g.stride[axis] >= 1, "[", op, "] stride must be at least 1, got ", g.stride[axis]);
    check(g.padding[axis] >= 0, "[", op, "] padding must not be negative, got ", g.padding[axis]);
  }
  return g;
}

Shape spatial_shape(std::int64_t first, const Triple& extents, std::int64_t channels,
                    int spatial_rank) {
  if (spatial_rank == 0) return {first, channels};
  if (spatial_rank == 2) return {first, extents[1], extents[2], channels};
  return {first, extents[0], extents[1], extents[2], channels};
}

}  // namespace

ConvGeometry ConvGeometry::convolution(const char* op, const Shape& x, const Shape& w,
                                       const ConvOptions& options) {
  ConvGeometry g = read_shapes(op, x, w, options);
  g.in_channels = x[-1];
  g.out_channels = w[0];
  check(w[-1] == x[-1], "[", op, "] weight expects ", w[-1], " input channels, got ", x[-1],
        ": input ", x, ", weight ", w);
  for (int axis = 0; axis < 3; ++axis) {
    const std::int64_t room = g.input[axis] + 2 * g.padding[axis] - g.kernel[axis];
    check(room >= 0, "[", op, "] kernel ", g.kernel[axis], " is larger than the padded input ",
          g.input[axis] + 2 * g.padding[axis], " along ", kAxes[axis], ": input ", x, ", weight ",
          w);
    g.output[axis] = room / g.stride[axis] + 1;
  }
  return g;
}

ConvGeometry ConvGeometry::transposed(const char* op, const Shape& x, const Shape& w,
                                      const ConvOptions& options) {
  ConvGeometry g = read_shapes(op, x, w, options);
  g.out_channels = x[-1];
  g.in_channels = w[-1];
  check(w[0] == x[-1], "[", op, "] weight expects ", w[0], " input channels, got ", x[-1],
        ": input ", x, ", weight ", w);
  g.output = g.input;
  for (int axis = 0; axis < 3; ++axis) {
    g.input[axis] = (g.output[axis] - 1) * g.stride[axis] - 2 * g.padding[axis] + g.kernel[axis];
    check(g.input[axis] >= 1, "[", op, "] padding ", g.padding[axis], " leaves nothing along ",
          kAxes[axis], ": input ", x, ", weight ", w);
  }
  return g;
}

Shape ConvGeometry::input_shape() const {
  return spatial_shape(batch, input, in_channels, spatial_rank);
}
Shape ConvGeometry::output_shape() const {
  return spatial_shape(batch, output, out_channels, spatial_rank);
}
Shape ConvGeometry::weight_shape() const {
  return spatial_shape(out_channels, kernel, in_channels, spatial_rank);
}

Shape ConvProblem::result_shape() const {
  if (direction == ConvDirection::forward) return geometry.output_shape();
  return direction == ConvDirection::backward_data ? geometry.input_shape()
                                                   : geometry.weight_shape();
}

void ConvOps::compute(ConvDirection direction, const ConvGeometry& g, const ConvOperands& o) const {
  const Tensor& read = direction == ConvDirection::backward_data ? o.y : o.x;
  run({direction, g, read.dtype(), o.result(direction).dtype(), o.epilogue.bias.defined(),
       o.epilogue.activation},
      o);
}

}  // namespace voxgrad
