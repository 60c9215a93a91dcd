// The convolution kernels, loops and oneDNN alike, against the definition.
#include <doctest/doctest.h>

#include "cpu/kernels.h"
#include "tests/cpu/conv_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

struct Operands {
  Tensor x, w, dy;
};

Operands random_operands(Rng& rng, const ConvGeometry& g, DType dtype) {
  return {random_normal(rng, g.input_shape(), dtype), random_normal(rng, g.weight_shape(), dtype),
          random_normal(rng, g.output_shape(), dtype)};
}

void check_all_directions(const ConvOps& ops, const ConvGeometry& g, DType dtype, Rng& rng) {
  CAPTURE(concat(g));
  const Operands in = random_operands(rng, g, dtype);
  const Tensor x = in.x.to(DType::f64), w = in.w.to(DType::f64), dy = in.dy.to(DType::f64);

  const GuardedTensor y(g.output_shape(), dtype);
  ops.forward(g, in.x, in.w, {}, y);
  CHECK(y.intact());
  CHECK(rounding_share(g, Direction::forward, y, plain_convolution(g, Direction::forward, x, w)) <=
        1);

  const GuardedTensor dx(g.input_shape(), dtype);
  ops.backward_data(g, in.dy, in.w, {}, dx);
  CHECK(dx.intact());
  CHECK(rounding_share(g, Direction::backward_data, dx,
                       plain_convolution(g, Direction::backward_data, dy, w)) <= 1);

  const GuardedTensor dw(g.weight_shape(), dtype);
  ops.backward_weight(g, in.x, in.dy, dw);
  CHECK(dw.intact());
  CHECK(rounding_share(g, Direction::backward_weight, dw,
                       plain_convolution(g, Direction::backward_weight, x, dy)) <= 1);
}

}  // namespace

TEST_CASE("conv loops agree with the definition on random geometries") {
  Rng rng(7);
  for (int i = 0; i < 60; ++i)
    check_all_directions(cpu::conv_reference_ops, random_geometry(rng, i % 3 == 0 ? 20 : 5),
                         i % 2 == 0 ? DType::f64 : DType::f32, rng);
}

TEST_CASE("oneDNN agrees with the definition on random geometries") {
  Rng rng(8);
  for (int i = 0; i < 60; ++i)
    check_all_directions(cpu::conv_onednn_ops, random_geometry(rng, i % 3 == 0 ? 40 : 9),
                         DType::f32, rng);
}
