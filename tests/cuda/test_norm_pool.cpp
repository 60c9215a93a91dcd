// Batch norm with pooling in it against the CPU in f64.
#include <algorithm>
#include <cmath>

#include "tests/cuda/device_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

Tensor f64(const Tensor& tensor) {
  return tensor.to(DType::f64);
}

BatchNormParameters f64(const BatchNormParameters& p) {
  return {f64(p.gamma), f64(p.beta), p.eps, p.activation};
}

BatchNormParameters to_gpu(const BatchNormParameters& p) {
  return {testing::to_gpu(p.gamma), testing::to_gpu(p.beta), p.eps, p.activation};
}

/// The largest |f64 y - f64 value at the winner that the device chose|.
double lost_by_winners(const PoolGeometry& g, const Tensor& full, const Tensor& y,
                       const Tensor& argmax) {
  // A gradient of 1 per window marks the argmax; windows that are side by side do not overlap.
  const Tensor marks(g.input_shape(), DType::f64);
  const Tensor best(g.output_shape(), DType::f64), taps(g.output_shape(), DType::u8);
  cpu::pool_ops().max_backward(g, Tensor::full(y.shape(), 1, DType::f64), argmax, marks);
  const Tensor chosen(g.input_shape(), DType::f64);
  for (std::int64_t i = 0; i < chosen.numel(); ++i)
    chosen.data<double>()[i] = marks.data<double>()[i] == 1 ? full.data<double>()[i] : -1e300;
  cpu::pool_ops().max_forward(g, chosen, best, taps);
  CHECK(identical(taps, argmax));
  double worst = 0;
  for (std::int64_t i = 0; i < y.numel(); ++i)
    worst = std::max(worst, y.data<double>()[i] - best.data<double>()[i]);
  return worst;
}

void check_case(Rng& rng, const Shape& shape, const Triple& kernel, std::int64_t groups, DType map,
                Activation activation) {
  const PoolGeometry g = PoolGeometry::make("batch_norm", shape, kernel, kernel);
  const std::int64_t channels = g.channels;
  const DType number = parameters_of(map);
  CAPTURE(concat(map, shape, " to ", g.output_shape(), ", groups ", groups, ", activation ",
                 int(activation.kind)));
  const BatchNormParameters parameters{random_uniform(rng, {channels}, -1, 2, number),
                                       random_normal(rng, {channels}, number), 1e-5, activation};
  const Tensor x = random_uniform(rng, shape, -1, 3, map);
  const Tensor dy = random_normal(rng, g.output_shape(), map);
  const Tensor mean({groups, channels}, number), variance({groups, channels}, number);
  cpu::norm_ops().statistics(x, mean, variance);
  const Tensor gx = testing::to_gpu(x), gdy = testing::to_gpu(dy), gmean = testing::to_gpu(mean);
  const Tensor gvariance = testing::to_gpu(variance);
  const NormPoolOps& ops = gpu().norm_pool;

  const Tensor full(shape, DType::f64), y(g.output_shape(), DType::f64);
  const Tensor unused(g.output_shape(), DType::u8);
  cpu::norm_ops().normalize(f64(x), f64(mean), f64(variance), f64(parameters), full);
  cpu::norm_pool_ops().normalize(g, f64(x), f64(mean), f64(variance), f64(parameters), y, unused);
  const GuardedOutput gy(g.output_shape(), map), alone(g.output_shape(), map, 1);
  const GuardedOutput gargmax(g.output_shape(), DType::u8);
  ops.normalize(g, gx, gmean, gvariance, to_gpu(parameters), gy, gargmax);
  check_map(gy.get(), y, 10);
  ops.normalize(g, to_gpu_misaligned(x), gmean, gvariance, to_gpu(parameters), alone, {});
  CHECK(identical(alone.get(), gy.get()));
  const GuardedOutput odd_argmax(g.output_shape(), DType::u8, 1);
  ops.normalize(g, gx, gmean, gvariance, to_gpu(parameters), gy, odd_argmax);
  CHECK(identical(odd_argmax.get(), gargmax.get()));
  // Equal but for rounding: f32 finds the argmax of bf16 maps too.
  const Tensor argmax = gargmax.get();
  CHECK(lost_by_winners(g, full, y, argmax) <= (map == DType::f64 ? 1e-13 : 1e-5));

  for (const bool constant : {false, true}) {
    CAPTURE(constant);
    const Tensor dx(shape, DType::f64), dgamma({channels}, DType::f64);
    const Tensor dbeta({channels}, DType::f64);
    cpu::norm_pool_ops().backward(g, constant, f64(x), f64(dy), argmax, f64(mean), f64(variance),
                                  f64(parameters), dx, dgamma, dbeta);
    const GuardedOutput gdx(shape, map), dx_alone(shape, map, 1);
    const GuardedOutput gdgamma({channels}, number), gdbeta({channels}, number);
    ops.backward(g, constant, gx, gdy, gargmax, gmean, gvariance, to_gpu(parameters), gdx, gdgamma,
                 gdbeta);
    check_map(gdx.get(), dx, 50);
    check_close(gdgamma.get(), dgamma, 50);
    check_close(gdbeta.get(), dbeta, 50);
    const GuardedOutput gamma_alone({channels}, number), beta_alone({channels}, number);
    ops.backward(g, constant, gx, gdy, gargmax, gmean, gvariance, to_gpu(parameters), {},
                 gamma_alone, beta_alone);
    CHECK(identical(gamma_alone.get(), gdgamma.get()));
    CHECK(identical(beta_alone.get(), gdbeta.get()));
    // One channel at a time adds in another order.
    ops.backward(g, constant, gx, gdy, gargmax, gmean, gvariance, to_gpu(parameters), dx_alone, {},
                 {});
    check_map(dx_alone.get(), dx, 50);
    ops.backward(g, constant, gx, gdy, odd_argmax, gmean, gvariance, to_gpu(parameters), gdx, {},
                 {});
    check_map(gdx.get(), dx, 50);
  }
}

}  // namespace

TEST_CASE("batch norm with pooling against the CPU in f64") {
  if (no_device()) return;
  Rng rng(31);
  for (const DType map : kMaps) {
    for (const Activation activation :
         {Activation::identity(), Activation::relu(), Activation::leaky_relu(0.2),
          Activation::elu(), Activation::sigmoid()}) {
      for (const std::int64_t channels : {std::int64_t{1}, 8 * random_int(rng, 1, 5)}) {
        const std::int64_t groups = random_int(rng, 1, 3), batch = groups * random_int(rng, 1, 2);
        const std::int64_t edge = random_int(rng, 1, 4), depth = random_int(rng, 1, 3);
        const std::int64_t height = edge + random_int(rng, 0, 5);
        const std::int64_t width = edge + random_int(rng, 0, 5);
        check_case(rng, {batch, height, width, channels}, {1, edge, edge}, groups, map, activation);
        check_case(rng, {batch, depth + 1, height, width, channels}, {depth, edge, edge}, groups,
                   map, activation);
      }
    }
    // Pix2Vox's windows, with pixels in none: of the trunk, of both encoders, of the refiner.
    check_case(rng, {2, 15, 13, 64}, {1, 2, 2}, 1, map, Activation::relu());
    check_case(rng, {2, 11, 10, 40}, {1, 3, 3}, 2, map, Activation::elu());
    check_case(rng, {1, 9, 9, 24}, {1, 4, 4}, 1, map, Activation::elu());
    check_case(rng, {2, 5, 5, 5, 32}, {2, 2, 2}, 2, map, Activation::leaky_relu(0.2));
  }
}

TEST_CASE("many windows are cut into chunks") {
  if (no_device()) return;
  Rng rng(32);
  check_case(rng, {2, 81, 77, 16}, {1, 2, 2}, 2, DType::f32, Activation::relu());
  check_case(rng, {1, 90, 91, 8}, {1, 2, 2}, 1, DType::bf16, Activation::elu());
}

TEST_CASE("a NaN wins its window after a batch norm, and the first of equals does") {
  if (no_device()) return;
  const PoolGeometry g = PoolGeometry::make("batch_norm", {1, 2, 6, 1}, {1, 2, 2}, {1, 2, 2});
  const Tensor x =
      Tensor::from<float>({1, std::nanf(""), 5, 5, -3, -1, 3, 4, 2, 5, -2, -1}, {1, 2, 6, 1});
  const BatchNormParameters identity{testing::to_gpu(Tensor::full({1}, 1)),
                                     testing::to_gpu(Tensor::zeros({1})), 0, Activation::relu()};
  const GuardedOutput y(g.output_shape(), DType::f32), argmax(g.output_shape(), DType::u8);
  gpu().norm_pool.normalize(g, testing::to_gpu(x), testing::to_gpu(Tensor::zeros({1, 1})),
                            testing::to_gpu(Tensor::full({1, 1}, 1)), identity, y, argmax);
  CHECK(std::isnan(y.get().data<float>()[0]));
  CHECK(y.get().data<float>()[1] == 5);
  CHECK(y.get().data<float>()[2] == 0);
  CHECK(argmax.get().to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 0, 0});
}
