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
  g.stride = options.stride;
  g.padding = options.padding;
  g.precision = options.precision;
  for (int axis = 3 - g.spatial_rank; axis < 3; ++axis) {
    const int dim = axis - (3 - g.spatial_rank) + 1;
    g.input[axis] = x[dim];
    g.kernel[axis] = w[dim];
    check(g.stride[axis] >= 1, "[", op, "] stride must be at least 1, got ", g.stride[axis]);
    check(g.padding[axis] >= 0, "[", op, "] padding must not be negative, got ", g.padding[axis]);
  }
  if (g.spatial_rank == 2) {
    g.stride[0] = 1;
    g.padding[0] = 0;
  }
  return g;
}

Shape spatial_shape(std::int64_t first, const Triple& extents, std::int64_t channels,
                    int spatial_rank) {
  switch (spatial_rank) {
    case 0:
      return {first, channels};
    case 2:
      return {first, extents[1], extents[2], channels};
    default:
      return {first, extents[0], extents[1], extents[2], channels};
  }
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

ConvGeometry ConvGeometry::linear(const char* op, const Shape& x, const Shape& w) {
  check(x.rank() == 2, "[", op, "] input must be [N,features], got ", x);
  check(w.rank() == 2 && w[1] == x[1], "[", op, "] weight expects ", w.rank() == 2 ? w[1] : -1,
        " input features, got ", x[1], ": input ", x, ", weight ", w);
  check(x.numel() > 0 && w.numel() > 0, "[", op, "] empty tensor: input ", x, ", weight ", w);
  ConvGeometry g;
  g.spatial_rank = 0;
  g.batch = x[0];
  g.in_channels = x[1];
  g.out_channels = w[0];
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

const char* name_of(ConvDirection direction) {
  constexpr const char* names[] = {"forward", "backward_data", "backward_weight"};
  return names[int(direction)];
}

Shape ConvProblem::result_shape() const {
  switch (direction) {
    case ConvDirection::forward:
      return geometry.output_shape();
    case ConvDirection::backward_data:
      return geometry.input_shape();
    default:
      return geometry.weight_shape();
  }
}

Tensor& ConvOperands::result(ConvDirection direction) {
  return direction == ConvDirection::forward         ? y
         : direction == ConvDirection::backward_data ? x
                                                     : w;
}

const Tensor& ConvOperands::result(ConvDirection direction) const {
  return const_cast<ConvOperands*>(this)->result(direction);
}

void ConvOps::forward(const ConvGeometry& g, const Tensor& x, const Tensor& w,
                      const Epilogue& epilogue, const Tensor& out_y) const {
  run({ConvDirection::forward, g, x.dtype(), out_y.dtype(), epilogue.bias.defined(),
       epilogue.activation},
      {x, w, out_y, epilogue});
}

void ConvOps::backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                            const Epilogue& epilogue, const Tensor& out_dx) const {
  run({ConvDirection::backward_data, g, dy.dtype(), out_dx.dtype(), epilogue.bias.defined(),
       epilogue.activation},
      {out_dx, w, dy, epilogue});
}

void ConvOps::backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy,
                              const Tensor& out_dw) const {
  run({ConvDirection::backward_weight, g, x.dtype(), out_dw.dtype()}, {x, out_dw, dy});
}

std::ostream& operator<<(std::ostream& out, const ConvProblem& problem) {
  return out << name_of(problem.direction) << ' ' << problem.factors << ' ' << problem.geometry
             << (problem.bias ? " + bias" : "")
             << (problem.activation.kind != ActivationKind::identity ? " + activation" : "");
}

std::ostream& operator<<(std::ostream& out, const ConvGeometry& g) {
  return out << g.input_shape() << " * " << g.weight_shape() << " -> " << g.output_shape()
             << " stride [" << g.stride[0] << ',' << g.stride[1] << ',' << g.stride[2]
             << "] padding [" << g.padding[0] << ',' << g.padding[1] << ',' << g.padding[2] << ']';
}

}  // namespace voxgrad
