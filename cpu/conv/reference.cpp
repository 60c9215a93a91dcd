#include "cpu/conv/reference.h"

namespace voxgrad::cpu::reference {
namespace {

/// body(x, y, w) for every product x * w that y is a sum of: their places in the three tensors. A
/// pixel o of y sees, through tap k of the kernel, pixel o*stride + k - padding of x.
template <class Body>
void for_each_product(const ConvGeometry& g, const Body& body) {
  const auto flat = [](const Triple& at, const Triple& extents) {
    return (at[0] * extents[1] + at[1]) * extents[2] + at[2];
  };
  const auto for_each_place = [](const Triple& extents, const auto& visit) {
    for (std::int64_t depth = 0; depth < extents[0]; ++depth)
      for (std::int64_t height = 0; height < extents[1]; ++height)
        for (std::int64_t width = 0; width < extents[2]; ++width)
          visit(Triple{depth, height, width});
  };
  for (std::int64_t n = 0; n < g.batch; ++n)
    for_each_place(g.output, [&](const Triple& o) {
      for_each_place(g.kernel, [&](const Triple& k) {
        Triple i{};
        for (int axis = 0; axis < 3; ++axis) {
          i[axis] = o[axis] * g.stride[axis] + k[axis] - g.padding[axis];
          if (i[axis] < 0 || i[axis] >= g.input[axis]) return;  // in the padding: x is 0
        }
        const std::int64_t x = (n * g.input_volume() + flat(i, g.input)) * g.in_channels;
        const std::int64_t y = (n * g.output_volume() + flat(o, g.output)) * g.out_channels;
        for (std::int64_t f = 0; f < g.out_channels; ++f)
          for (std::int64_t c = 0; c < g.in_channels; ++c)
            body(x + c, y + f, (f * g.kernel_volume() + flat(k, g.kernel)) * g.in_channels + c);
      });
    });
}

}  // namespace

void convolve(const ConvProblem& problem, const ConvOperands& operands) {
  const Tensor& result = operands.result(problem.direction);
  const Tensor sums = Tensor::zeros(result.shape(), DType::f64);
  const auto factor = [&](const Tensor& tensor) { return tensor.to(DType::f64); };
  double* const sum = sums.data<double>();
  if (problem.direction == ConvDirection::forward) {
    const Tensor x = factor(operands.x), w = factor(operands.w);
    const double *const xs = x.data<double>(), *const ws = w.data<double>();
    for_each_product(problem.geometry,
                     [=](auto xi, auto yi, auto wi) { sum[yi] += xs[xi] * ws[wi]; });
  } else if (problem.direction == ConvDirection::backward_data) {
    const Tensor dy = factor(operands.y), w = factor(operands.w);
    const double *const dys = dy.data<double>(), *const ws = w.data<double>();
    for_each_product(problem.geometry,
                     [=](auto xi, auto yi, auto wi) { sum[xi] += dys[yi] * ws[wi]; });
  } else {
    const Tensor dy = factor(operands.y), x = factor(operands.x);
    const double *const dys = dy.data<double>(), *const xs = x.data<double>();
    for_each_product(problem.geometry,
                     [=](auto xi, auto yi, auto wi) { sum[wi] += dys[yi] * xs[xi]; });
  }
  result.copy_from(sums.to(result.dtype()));
}

}  // namespace voxgrad::cpu::reference
