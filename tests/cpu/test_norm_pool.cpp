// Batch norm with pooling in it gives what batch norm, activation and max pooling, tested on their
// own, give one after the other.
#include <omp.h>

#include <cmath>
#include <limits>

#include "tests/cpu/kernel_cases.h"
#include "tests/support/bf16_rounding.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

const NormOps& ops = cpu::norm_ops();
const NormPoolOps& pooled = cpu::norm_pool_ops();

const Activation kActivations[] = {Activation::identity(), Activation::relu(),
                                   Activation::leaky_relu(0.2), Activation::elu(),
                                   Activation::sigmoid()};

/// The maps of a random case, with pixels that are in no window.
PoolGeometry random_windows(Rng& rng, std::int64_t batch, std::int64_t channels) {
  const bool flat = random_int(rng, 0, 1) == 1;
  Triple kernel{1, 1, 1}, extent{1, 1, 1};
  for (int axis = flat ? 1 : 0; axis < 3; ++axis) {
    kernel[axis] = random_int(rng, 1, 4);
    extent[axis] = kernel[axis] + random_int(rng, 0, 7);
  }
  const Shape shape = flat ? Shape{batch, extent[1], extent[2], channels}
                           : Shape{batch, extent[0], extent[1], extent[2], channels};
  return PoolGeometry::make("batch_norm", shape, kernel, kernel);
}

struct Case {
  PoolGeometry g;
  BatchNormParameters parameters;
  Tensor x, dy, mean, variance;
};

Case random_case(Rng& rng, const PoolGeometry& g, std::int64_t groups, DType map,
                 Activation activation) {
  const DType number = map == DType::bf16 ? DType::f32 : map;
  Case c{g, {}, {}, {}, {}, {}};
  // Scales below 0 turn the order of the values around.
  c.parameters = {random_uniform(rng, {g.channels}, -1, 2, number),
                  random_normal(rng, {g.channels}, number), 1e-5, activation};
  c.x = random_uniform(rng, g.input_shape(), -1, 3, map);
  c.dy = random_normal(rng, g.output_shape(), map);
  c.mean = Tensor({groups, g.channels}, number);
  c.variance = Tensor::like(c.mean);
  ops.statistics(c.x, c.mean, c.variance);
  return c;
}

void check_case(const Case& c) {
  const DType map = c.x.dtype(), number = c.mean.dtype();
  CAPTURE(concat(map, c.g.input_shape(), " to ", c.g.output_shape(), ", groups ", c.mean.shape()[0],
                 ", activation ", int(c.parameters.activation.kind)));
  const GuardedTensor y(c.g.output_shape(), map), argmax(c.g.output_shape(), DType::u8);
  pooled.normalize(c.g, c.x, c.mean, c.variance, c.parameters, y, argmax);
  CHECK((y.intact() && argmax.intact()));
  const GuardedTensor alone(c.g.output_shape(), map);
  pooled.normalize(c.g, c.x, c.mean, c.variance, c.parameters, alone, {});
  CHECK(alone.intact());
  CHECK(identical(alone, y));
  const Tensor full = Tensor::like(c.x), expected_y = Tensor::like(y.tensor());
  const Tensor expected_argmax = Tensor::like(argmax.tensor());
  ops.normalize(c.x, c.mean, c.variance, c.parameters, full);
  cpu::pool_ops().max_forward(c.g, full, expected_y, expected_argmax);
  CHECK(identical(y, expected_y));
  // Rounding to bf16 makes ties, of which the first wins there.
  if (map != DType::bf16) CHECK(identical(argmax, expected_argmax));

  const Shape shape = c.g.input_shape(), vector{c.g.channels};
  const double bound = map == DType::f64 ? 5e-13 : 2e-5;
  const double sum_bound = number == DType::f64 ? 5e-13 : 2e-5;
  const auto f64 = [](const Tensor& tensor) { return tensor.to(DType::f64); };
  for (const bool constant : {false, true}) {
    CAPTURE(constant);
    const GuardedTensor dx(shape, map), dgamma(vector, number), dbeta(vector, number);
    pooled.backward(c.g, constant, c.x, c.dy, argmax, c.mean, c.variance, c.parameters, dx, dgamma,
                    dbeta);
    CHECK((dx.intact() && dgamma.intact() && dbeta.intact()));
    const Tensor spread(shape, DType::f64), expected(shape, DType::f64);
    const Tensor expected_dgamma(vector, DType::f64), expected_dbeta(vector, DType::f64);
    cpu::pool_ops().max_backward(c.g, f64(c.dy), argmax, spread);
    ops.backward(constant, f64(c.x), spread, f64(c.mean), f64(c.variance),
                 {f64(c.parameters.gamma), f64(c.parameters.beta), c.parameters.eps,
                  c.parameters.activation},
                 expected, expected_dgamma, expected_dbeta);
    if (map == DType::bf16)
      CHECK(bf16_rounding_share(dx, expected, 2e-5) <= 1);
    else
      CHECK(max_relative_error(dx, expected) <= bound);
    CHECK(max_relative_error(dgamma, expected_dgamma) <= sum_bound);
    CHECK(max_relative_error(dbeta, expected_dbeta) <= sum_bound);

    const GuardedTensor dx_alone(shape, map), dgamma_alone(vector, number),
        dbeta_alone(vector, number);
    pooled.backward(c.g, constant, c.x, c.dy, argmax, c.mean, c.variance, c.parameters, dx_alone,
                    {}, {});
    pooled.backward(c.g, constant, c.x, c.dy, argmax, c.mean, c.variance, c.parameters, {},
                    dgamma_alone, dbeta_alone);
    CHECK(identical(dx_alone, dx));
    CHECK(identical(dgamma_alone, dgamma));
    CHECK(identical(dbeta_alone, dbeta));
  }
}

}  // namespace

TEST_CASE("batch norm with pooling against one after the other") {
  Rng rng(31);
  for (const DType map : {DType::f64, DType::f32, DType::bf16}) {
    for (const Activation activation : kActivations) {
      for (const std::int64_t channels : {1, 6, 64, 150}) {
        const std::int64_t groups = random_int(rng, 1, 3);
        const PoolGeometry g = random_windows(rng, groups * random_int(rng, 1, 2), channels);
        check_case(random_case(rng, g, groups, map, activation));
      }
    }
    // Several blocks and threads, and the windows of Pix2Vox.
    for (const Triple& kernel : {Triple{1, 2, 2}, Triple{1, 3, 3}}) {
      const PoolGeometry g = PoolGeometry::make("batch_norm", {4, 29, 35, 40}, kernel, kernel);
      check_case(random_case(rng, g, 2, map, Activation::relu()));
    }
    const PoolGeometry g = PoolGeometry::make("batch_norm", {2, 9, 9, 9, 32}, {2, 2, 2}, {2, 2, 2});
    check_case(random_case(rng, g, 1, map, Activation::leaky_relu(0.2)));
  }
}

TEST_CASE("a NaN wins its window after a batch norm, and the first of equals does") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const DType dtype : kFloats) {
    const PoolGeometry g = PoolGeometry::make("batch_norm", {1, 2, 6, 1}, {1, 2, 2}, {1, 2, 2});
    const Tensor x = Tensor::from<double>({1, nan, 5, 5, -3, -1, 3, 4, 2, 5, -2, -1}, {1, 2, 6, 1});
    const BatchNormParameters identity{Tensor::full({1}, 1, dtype), Tensor::zeros({1}, dtype), 0,
                                       Activation::relu()};
    const GuardedTensor y(g.output_shape(), dtype), argmax(g.output_shape(), DType::u8);
    pooled.normalize(g, x.to(dtype), Tensor::zeros({1, 1}, dtype), Tensor::full({1, 1}, 1, dtype),
                     identity, y, argmax);
    CHECK(std::isnan(values(y)[0]));
    CHECK(values(y)[1] == 5);
    CHECK(values(y)[2] == 0);
    CHECK(values(argmax) == std::vector<double>{1, 0, 0});
  }
}

TEST_CASE("batch norm with pooling does not depend on the number of threads") {
  Rng rng(33);
  const int threads = omp_get_max_threads();
  const PoolGeometry g = PoolGeometry::make("batch_norm", {4, 41, 33, 24}, {1, 2, 2}, {1, 2, 2});
  const Case c = random_case(rng, g, 2, DType::f32, Activation::elu());
  const auto run = [&](int count) {
    omp_set_num_threads(count);
    const Tensor y(g.output_shape()), argmax(g.output_shape(), DType::u8), dx(g.input_shape()),
        dgamma({24}), dbeta({24});
    pooled.normalize(g, c.x, c.mean, c.variance, c.parameters, y, argmax);
    pooled.backward(g, false, c.x, c.dy, argmax, c.mean, c.variance, c.parameters, dx, dgamma,
                    dbeta);
    omp_set_num_threads(threads);
    return std::vector<Tensor>{y, argmax, dx, dgamma, dbeta};
  };
  const std::vector<Tensor> one = run(1), three = run(3);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(identical(one[i], three[i]));
}
