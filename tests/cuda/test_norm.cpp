#include <cmath>

#include "cuda/kernels.h"
#include "tests/cuda/device_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

const Activation kActivations[] = {Activation::identity(), Activation::relu(),
                                   Activation::leaky_relu(0.2), Activation::elu(),
                                   Activation::sigmoid()};

struct Case {
  std::int64_t groups, rows, channels;  // rows per group
  DType dtype;
  Activation activation;
};

Tensor f64(const Tensor& tensor) {
  return tensor.to(DType::f64);
}

BatchNormParameters f64(const BatchNormParameters& p) {
  return {f64(p.gamma), f64(p.beta), p.eps, p.activation};
}

BatchNormParameters to_gpu(const BatchNormParameters& p) {
  return {testing::to_gpu(p.gamma), testing::to_gpu(p.beta), p.eps, p.activation};
}

/// The plain kernels on the device, in f64, against the CPU's.
void check_reference(bool constant, const Tensor& gx, const Tensor& gdy, const Tensor& gmean,
                     const Tensor& gvariance, const BatchNormParameters& gparameters,
                     const Tensor& dx, const Tensor& dgamma, const Tensor& dbeta) {
  const GuardedOutput gdx(dx.shape(), DType::f64), gdgamma(dgamma.shape(), DType::f64),
      gdbeta(dbeta.shape(), DType::f64);
  cuda::norm_reference.backward(constant, f64(gx), f64(gdy), f64(gmean), f64(gvariance),
                                f64(gparameters), gdx, gdgamma, gdbeta);
  check_close(gdx.get(), dx, 50);
  check_close(gdgamma.get(), dgamma, 50);
  check_close(gdbeta.get(), dbeta, 50);
}

void check_case(Rng& rng, const Case& c) {
  CAPTURE(concat(c.groups, " groups of ", c.rows, " rows of ", c.channels, ", ", c.dtype,
                 ", activation ", int(c.activation.kind)));
  const DType number = parameters_of(c.dtype);
  const Shape shape{c.groups * c.rows, c.channels}, stats{c.groups, c.channels};
  const BatchNormParameters parameters{random_uniform(rng, {c.channels}, 0.5, 2, number),
                                       random_normal(rng, {c.channels}, number), 1e-5,
                                       c.activation};
  const Tensor x = random_uniform(rng, shape, -1, 3, c.dtype);
  const Tensor dy = random_normal(rng, shape, c.dtype);
  const Tensor gx = testing::to_gpu(x), gdy = testing::to_gpu(dy);
  const NormOps& ops = gpu().norm;

  const Tensor mean(stats, DType::f64), variance(stats, DType::f64);
  cpu::norm_reference().statistics(f64(x), mean, variance);
  const GuardedOutput gmean(stats, number), gvariance(stats, number);
  ops.statistics(gx, gmean, gvariance);
  check_close(gmean.get(), mean, 2);
  check_close(gvariance.get(), variance, 10);
  const GuardedOutput plain_mean(stats, DType::f64), plain_variance(stats, DType::f64);
  cuda::norm_reference.statistics(f64(gx), plain_mean, plain_variance);
  check_close(plain_mean.get(), mean, 10);
  check_close(plain_variance.get(), variance, 10);

  // From here on both sides start from the same rounded statistics.
  const Tensor rounded_mean = f64(gmean.get()), rounded_variance = f64(gvariance.get());
  const Tensor y(shape, DType::f64);
  cpu::norm_reference().normalize(f64(x), rounded_mean, rounded_variance, f64(parameters), y);
  const GuardedOutput gy(shape, c.dtype), odd(shape, c.dtype, 1);
  ops.normalize(gx, gmean, gvariance, to_gpu(parameters), gy);
  check_map(gy.get(), y, 10);
  const GuardedOutput plain_y(shape, DType::f64);
  cuda::norm_reference.normalize(f64(gx), f64(gmean), f64(gvariance), f64(to_gpu(parameters)),
                                 plain_y);
  check_close(plain_y.get(), y, 10);
  ops.normalize(to_gpu_misaligned(x), gmean, gvariance, to_gpu(parameters), odd);
  CHECK(identical(odd.get(), gy.get()));
  const Tensor over = gx.clone();
  ops.normalize(over, gmean, gvariance, to_gpu(parameters), over);
  CHECK(identical(to_cpu(over), gy.get()));

  for (const bool constant : {false, true}) {
    CAPTURE(constant);
    const Tensor dx(shape, DType::f64), dgamma({c.channels}, DType::f64);
    const Tensor dbeta({c.channels}, DType::f64);
    cpu::norm_reference().backward(constant, f64(x), f64(dy), rounded_mean, rounded_variance,
                                   f64(parameters), dx, dgamma, dbeta);
    check_reference(constant, gx, gdy, gmean, gvariance, to_gpu(parameters), dx, dgamma, dbeta);
    const GuardedOutput gdx(shape, c.dtype), alone(shape, c.dtype);
    const GuardedOutput gdgamma({c.channels}, number), gdbeta({c.channels}, number);
    ops.backward(constant, gx, gdy, gmean, gvariance, to_gpu(parameters), gdx, gdgamma, gdbeta);
    check_map(gdx.get(), dx, 50);
    check_close(gdgamma.get(), dgamma, 50);
    check_close(gdbeta.get(), dbeta, 50);
    ops.backward(constant, gx, gdy, gmean, gvariance, to_gpu(parameters), alone, {}, {});
    CHECK(identical(alone.get(), gdx.get()));
    const GuardedOutput gamma_alone({c.channels}, number), beta_alone({c.channels}, number);
    ops.backward(constant, gx, gdy, gmean, gvariance, to_gpu(parameters), {}, gamma_alone,
                 beta_alone);
    CHECK(identical(gamma_alone.get(), gdgamma.get()));
    CHECK(identical(beta_alone.get(), gdbeta.get()));
    const Tensor over_dy = gdy.clone();
    ops.backward(constant, gx, over_dy, gmean, gvariance, to_gpu(parameters), over_dy, {}, {});
    CHECK(identical(to_cpu(over_dy), gdx.get()));
  }
}

}  // namespace

TEST_CASE("batch norm against the CPU in f64") {
  if (no_device()) return;
  Rng rng(11);
  for (const DType dtype : kMaps) {
    for (const Activation activation : kActivations) {
      check_case(rng, {1, 30, 5, dtype, activation});
      check_case(rng, {3, 17, 264, dtype, activation});
      check_case(rng, {2, 501, 1, dtype, activation});
      check_case(rng, {2, random_int(rng, 2, 200), 8 * random_int(rng, 1, 9), dtype, activation});
      check_case(rng, {1, random_int(rng, 2, 200), random_int(rng, 1, 40), dtype, activation});
    }
  }
}

TEST_CASE("many rows are cut into chunks") {
  if (no_device()) return;
  Rng rng(12);
  check_case(rng, {1, 9000, 16, DType::f32, Activation::relu()});
  check_case(rng, {2, 5000, 8, DType::bf16, Activation::elu()});
}

TEST_CASE("variance survives a mean far from zero, and is exactly 0 for a constant") {
  if (no_device()) return;
  Rng rng(13);
  for (const DType dtype : kFloats) {
    const std::int64_t rows = 3000;
    Tensor x = random_normal(rng, {rows, 2}, DType::f64);
    for (std::int64_t r = 0; r < rows; ++r) {
      x.data<double>()[2 * r] = 3e3 + std::round(x.data<double>()[2 * r] * 64) / 64;
      x.data<double>()[2 * r + 1] = 0.1;
    }
    x = x.to(dtype);
    const Tensor mean({1, 2}, DType::f64), variance({1, 2}, DType::f64);
    cpu::norm_ops().statistics(f64(x), mean, variance);
    const GuardedOutput gmean({1, 2}, dtype), gvariance({1, 2}, dtype);
    gpu().norm.statistics(testing::to_gpu(x), gmean, gvariance);
    const std::vector<double> v = f64(gvariance.get()).to_vector<double>();
    CHECK(v[0] ==
          doctest::Approx(variance.data<double>()[0]).epsilon(dtype == DType::f64 ? 1e-11 : 1e-6));
    CHECK(v[1] == 0);
  }
}

TEST_CASE("statistics hang on no single element, and overflow only where f32 does") {
  if (no_device()) return;
  Rng rng(15);
  Tensor x = random_normal(rng, {3000, 2}, DType::f32);
  x.data<float>()[0] = 30000;
  for (std::int64_t r = 0; r < 3000; ++r) x.data<float>()[2 * r + 1] = r % 2 ? 6e18f : -6e18f;
  const Tensor mean({1, 2}, DType::f64), variance({1, 2}, DType::f64);
  cpu::norm_ops().statistics(f64(x), mean, variance);
  const GuardedOutput gmean({1, 2}, DType::f32), gvariance({1, 2}, DType::f32);
  gpu().norm.statistics(testing::to_gpu(x), gmean, gvariance);
  for (int c = 0; c < 2; ++c)
    CHECK(f64(gvariance.get()).data<double>()[c] ==
          doctest::Approx(variance.data<double>()[c]).epsilon(1e-6));
}

TEST_CASE("a NaN shows in the statistics") {
  if (no_device()) return;
  const Tensor x = Tensor::from<float>({1, 2, std::nanf(""), 4}, {4, 1});
  const GuardedOutput mean({1, 1}, DType::f32), variance({1, 1}, DType::f32);
  gpu().norm.statistics(testing::to_gpu(x), mean, variance);
  CHECK(std::isnan(mean.get().item()));
  CHECK(std::isnan(variance.get().item()));
}

TEST_CASE("running statistics take each group in turn, unbiased") {
  if (no_device()) return;
  Rng rng(14);
  for (const DType dtype : kFloats) {
    const Tensor mean = random_normal(rng, {3, 300}, dtype);
    const Tensor variance = random_uniform(rng, {3, 300}, 1, 2, dtype);
    const Tensor running_mean = random_normal(rng, {300}, dtype);
    const Tensor running_var = random_uniform(rng, {300}, 1, 2, dtype);
    const Tensor gpu_mean = testing::to_gpu(running_mean).clone();
    const Tensor gpu_var = testing::to_gpu(running_var).clone();
    for (const Tensor& shift : {Tensor(), random_normal(rng, {300}, dtype)}) {
      gpu().norm.update_running(testing::to_gpu(mean), testing::to_gpu(variance),
                                testing::to_gpu(shift), 5, 0.1, gpu_mean, gpu_var);
      cpu::norm_ops().update_running(mean, variance, shift, 5, 0.1, running_mean, running_var);
      check_close(to_cpu(gpu_mean), running_mean);
      check_close(to_cpu(gpu_var), running_var);
    }
  }
}
