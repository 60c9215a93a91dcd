#include <omp.h>

#include <cmath>
#include <functional>

#include "tests/cpu/kernel_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

const NormOps& ops = cpu::norm_ops();
const NormOps& reference = cpu::norm_reference();

struct Case {
  std::int64_t groups, rows, channels;  // rows per group
  DType dtype;
  BatchNormParameters parameters;
  Tensor x, dy;
};

Case random_case(Rng& rng, std::int64_t groups, std::int64_t rows, std::int64_t channels,
                 DType dtype, Activation activation) {
  Case c{groups, rows, channels, dtype, {}, {}, {}};
  c.parameters = {random_uniform(rng, {channels}, 0.5, 2, dtype),
                  random_normal(rng, {channels}, dtype), 1e-5, activation};
  c.x = random_uniform(rng, {groups * rows, channels}, -1, 3, dtype);
  c.dy = random_normal(rng, {groups * rows, channels}, dtype);
  return c;
}

struct Expected {
  std::vector<double> mean, variance, y, dx, dx_constant, dgamma, dbeta;
};

// By the reference, in f64.
Expected plain(const Case& c) {
  const auto f64 = [](const Tensor& tensor) { return tensor.to(DType::f64); };
  const Tensor x = f64(c.x), dy = f64(c.dy);
  const BatchNormParameters parameters{f64(c.parameters.gamma), f64(c.parameters.beta),
                                       c.parameters.eps, c.parameters.activation};
  const Tensor mean({c.groups, c.channels}, DType::f64), variance = Tensor::like(mean);
  const Tensor y = Tensor::like(x), dx = Tensor::like(x), dx_constant = Tensor::like(x);
  const Tensor dgamma({c.channels}, DType::f64), dbeta = Tensor::like(dgamma);
  reference.statistics(x, mean, variance);
  reference.normalize(x, mean, variance, parameters, y);
  reference.backward(true, x, dy, mean, variance, parameters, dx_constant, dgamma, dbeta);
  reference.backward(false, x, dy, mean, variance, parameters, dx, dgamma, dbeta);
  return {values(mean),        values(variance), values(y),    values(dx),
          values(dx_constant), values(dgamma),   values(dbeta)};
}

void check_case(const Case& c) {
  CAPTURE(concat(c.groups, " groups of ", c.rows, " rows of ", c.channels, ", ", c.dtype));
  const Expected e = plain(c);
  const GuardedTensor mean({c.groups, c.channels}, c.dtype);
  const GuardedTensor variance({c.groups, c.channels}, c.dtype);
  ops.statistics(c.x, mean, variance);
  check_result(mean, e.mean, 2);
  check_result(variance, e.variance, 10);

  const Shape shape = c.x.shape();
  const GuardedTensor y(shape, c.dtype), dx(shape, c.dtype);
  const GuardedTensor dgamma({c.channels}, c.dtype), dbeta({c.channels}, c.dtype);
  ops.normalize(c.x, mean, variance, c.parameters, y);
  check_result(y, e.y, 10);
  const Tensor in_place = c.x.clone();
  ops.normalize(in_place, mean, variance, c.parameters, in_place);
  CHECK(identical(in_place, y));

  ops.backward(false, c.x, c.dy, mean, variance, c.parameters, dx, dgamma, dbeta);
  check_result(dx, e.dx, 50);
  check_result(dgamma, e.dgamma, 50);
  check_result(dbeta, e.dbeta, 50);
  const GuardedTensor dx_alone(shape, c.dtype);
  ops.backward(false, c.x, c.dy, mean, variance, c.parameters, dx_alone, {}, {});
  CHECK(identical(dx_alone, dx));
  const GuardedTensor dgamma_alone({c.channels}, c.dtype), dbeta_alone({c.channels}, c.dtype);
  ops.backward(false, c.x, c.dy, mean, variance, c.parameters, {}, dgamma_alone, dbeta_alone);
  CHECK(identical(dgamma_alone, dgamma));
  CHECK(identical(dbeta_alone, dbeta));

  const Tensor over_dy = c.dy.clone();
  const GuardedTensor dgamma_constant({c.channels}, c.dtype), dbeta_constant({c.channels}, c.dtype);
  ops.backward(true, c.x, over_dy, mean, variance, c.parameters, over_dy, dgamma_constant,
               dbeta_constant);
  CHECK(max_relative_error(over_dy, Tensor::from(e.dx_constant, shape)) <= 50 * tolerance(c.dtype));
  CHECK(identical(dgamma_constant, dgamma));
  CHECK(identical(dbeta_constant, dbeta));
}

}  // namespace

TEST_CASE("the reference of batch norm gives what can be seen by eye, and gradients that fit") {
  // Two groups of two rows: xhat is -1 and 1 in each.
  const Tensor x = Tensor::from<double>({1, 3, 10, 30}, {4, 1});
  const Tensor mean({2, 1}, DType::f64), variance({2, 1}, DType::f64), y({4, 1}, DType::f64);
  const BatchNormParameters parameters{Tensor::from<double>({2}, {1}),
                                       Tensor::from<double>({0.5}, {1}), 0, Activation::relu()};
  reference.statistics(x, mean, variance);
  CHECK(values(mean) == std::vector<double>{2, 20});
  CHECK(values(variance) == std::vector<double>{1, 100});
  reference.normalize(x, mean, variance, parameters, y);
  CHECK(values(y) == std::vector<double>{0, 2.5, 0, 2.5});

  // Central differences of sum(y * dy).
  Rng rng(10);
  const Case c = random_case(rng, 2, 5, 3, DType::f64, Activation::elu());
  const Expected e = plain(c);
  const auto loss = [&](const Case& moved) {
    const Expected now = plain(moved);
    double sum = 0;
    for (std::size_t i = 0; i < now.y.size(); ++i) sum += now.y[i] * c.dy.data<double>()[i];
    return sum;
  };
  const auto check_gradient = [&](const std::vector<double>& gradient,
                                  const std::function<Tensor&(Case&)>& of) {
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      double change = 0;
      for (const double step : {1e-5, -1e-5}) {
        Case moved = c;
        Tensor& tensor = of(moved) = of(moved).clone();
        tensor.data<double>()[i] += step;
        change += loss(moved) / (2 * step);
      }
      CHECK(gradient[i] == doctest::Approx(change).epsilon(1e-6));
    }
  };
  check_gradient(e.dx, [](Case& moved) -> Tensor& { return moved.x; });
  check_gradient(e.dgamma, [](Case& moved) -> Tensor& { return moved.parameters.gamma; });
  check_gradient(e.dbeta, [](Case& moved) -> Tensor& { return moved.parameters.beta; });
}

TEST_CASE("batch norm against the reference") {
  Rng rng(11);
  const Activation activations[] = {Activation::identity(), Activation::relu(),
                                    Activation::leaky_relu(0.2), Activation::elu(),
                                    Activation::sigmoid()};
  for (const DType dtype : kFloats) {
    for (const Activation activation : activations) {
      check_case(random_case(rng, 1, 30, 5, dtype, activation));
      check_case(random_case(rng, 3, 17, 300, dtype, activation));
      check_case(random_case(rng, 2, 5001, 1, dtype, activation));
      check_case(
          random_case(rng, 2, random_int(rng, 2, 2000), random_int(rng, 1, 40), dtype, activation));
    }
  }
}

TEST_CASE("variance survives a mean far from zero, and is exactly 0 for a constant") {
  Rng rng(12);
  for (const DType dtype : kFloats) {
    const std::int64_t rows = 20000;
    Tensor x = random_normal(rng, {rows, 2}, DType::f64);
    for (std::int64_t r = 0; r < rows; ++r) {
      x.data<double>()[2 * r] = 3e3 + std::round(x.data<double>()[2 * r] * 64) / 64;
      x.data<double>()[2 * r + 1] = 0.1;
    }
    x = x.to(dtype);
    const Expected e = plain({1,
                              rows,
                              2,
                              dtype,
                              {Tensor::full({2}, 1, dtype), Tensor::zeros({2}, dtype), 1e-5, {}},
                              x,
                              x});
    const GuardedTensor mean({1, 2}, dtype), variance({1, 2}, dtype);
    ops.statistics(x, mean, variance);
    CHECK(values(variance)[0] ==
          doctest::Approx(e.variance[0]).epsilon(dtype == DType::f64 ? 1e-11 : 1e-6));
    CHECK(values(variance)[1] == 0);
  }
}

TEST_CASE("statistics in f32 are those of f64 where any element is an outlier, the first too") {
  Rng rng(14);
  for (const std::int64_t rows : {7, 300, 20000}) {
    for (const std::int64_t place : {std::int64_t(0), rows / 2, rows - 1}) {
      Tensor x = random_normal(rng, {rows, 3}, DType::f32);
      x.data<float>()[3 * place + 1] = 30000;
      const Tensor mean({1, 3}), variance({1, 3}), exact_mean({1, 3}, DType::f64),
          exact_variance({1, 3}, DType::f64);
      ops.statistics(x, mean, variance);
      ops.statistics(x.to(DType::f64), exact_mean, exact_variance);
      for (int c = 0; c < 3; ++c) {
        CHECK(values(variance)[c] == doctest::Approx(values(exact_variance)[c]).epsilon(1e-6));
        CHECK(std::fabs(values(mean)[c] - values(exact_mean)[c]) <=
              1e-6 * std::sqrt(values(exact_variance)[c]));
      }
    }
  }
}

TEST_CASE("variances of f32 overflow only where f32 has no such number") {
  const std::int64_t rows = 5000;
  Tensor x({rows, 2});
  for (std::int64_t r = 0; r < rows; ++r) {
    x.data<float>()[2 * r] = r % 2 ? 6e18f : -6e18f;
    x.data<float>()[2 * r + 1] = r % 2 ? 3e37f : 2e37f;
  }
  const Tensor mean({1, 2}), variance({1, 2});
  ops.statistics(x, mean, variance);
  CHECK(values(mean)[0] == 0);
  CHECK(values(variance)[0] == doctest::Approx(36e36).epsilon(1e-6));
  CHECK(values(mean)[1] == doctest::Approx(2.5e37).epsilon(1e-6));
  CHECK(std::isinf(values(variance)[1]));
}

TEST_CASE("a NaN shows in the statistics of its channel alone") {
  Tensor x = Tensor::full({500, 3}, 2);
  x.data<float>()[3 * 77 + 1] = std::nanf("");
  const Tensor mean({1, 3}), variance({1, 3});
  ops.statistics(x, mean, variance);
  CHECK(std::isnan(values(mean)[1]));
  CHECK(std::isnan(values(variance)[1]));
  for (const int c : {0, 2}) {
    CHECK(values(mean)[c] == 2);
    CHECK(values(variance)[c] == 0);
  }
}

TEST_CASE("running statistics take each group in turn, unbiased") {
  for (const DType dtype : kFloats) {
    const Tensor mean = Tensor::from<double>({1, 2, 3, 4}, {2, 2}).to(dtype);
    const Tensor variance = Tensor::from<double>({4, 8, 12, 16}, {2, 2}).to(dtype);
    const GuardedTensor guarded_mean({2}, dtype), guarded_var({2}, dtype);
    const Tensor &running_mean = guarded_mean.tensor(), &running_var = guarded_var.tensor();
    running_mean.fill(0);
    running_var.fill(1);
    ops.update_running(mean, variance, {}, 5, 0.1, running_mean, running_var);
    const std::vector<double> m = values(running_mean), v = values(running_var);
    CHECK(m[0] == doctest::Approx(0.9 * 0.1 * 1 + 0.1 * 3));
    CHECK(m[1] == doctest::Approx(0.9 * 0.1 * 2 + 0.1 * 4));
    CHECK(v[0] == doctest::Approx(0.9 * (0.9 + 0.1 * 5) + 0.1 * 15));
    CHECK(v[1] == doctest::Approx(0.9 * (0.9 + 0.1 * 10) + 0.1 * 20));
    ops.update_running(mean, variance, Tensor::from<double>({10, -20}, {2}).to(dtype), 5, 1,
                       running_mean, running_var);
    CHECK(values(running_mean) == std::vector<double>{13, -16});
    CHECK(values(running_var) == std::vector<double>{15, 20});
    CHECK(guarded_mean.intact());
    CHECK(guarded_var.intact());
  }
}

TEST_CASE("statistics and gradients do not depend on the number of threads") {
  Rng rng(13);
  const int threads = omp_get_max_threads();
  for (const DType dtype : kFloats) {
    const Case c = random_case(rng, 2, 7000, 24, dtype, Activation::elu());
    const auto run = [&](int count) {
      omp_set_num_threads(count);
      const Tensor mean({2, 24}, dtype), variance({2, 24}, dtype), dx(c.x.shape(), dtype),
          dgamma({24}, dtype), dbeta({24}, dtype), sum({1}, dtype);
      ops.statistics(c.x, mean, variance);
      ops.backward(false, c.x, c.dy, mean, variance, c.parameters, dx, dgamma, dbeta);
      cpu::reduce_ops().sum(c.x, sum);
      omp_set_num_threads(threads);
      return std::vector<Tensor>{mean, variance, dx, dgamma, dbeta, sum};
    };
    const std::vector<Tensor> one = run(1), three = run(3);
    for (std::size_t i = 0; i < one.size(); ++i) CHECK(identical(one[i], three[i]));
  }
}
