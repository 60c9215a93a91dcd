// One case per exercise of docs/lessons: small enough to follow with pencil and paper. The tests of
// the folders, which run after these, are the thorough ones.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "autograd/functions.h"
#include "autograd/gradcheck.h"
#include "cpu/conv/reference.h"
#include "cpu/kernels.h"
#include "layers/activation.h"
#include "layers/conv.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "layers/loss.h"
#include "layers/norm.h"
#include "layers/pool.h"
#include "layers/views.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "tensor/ops/backend.h"
#include "tests/lessons/explain.h"

using namespace voxgrad;

namespace {

Tensor numbers(const std::vector<double>& values, const Shape& shape) {
  return Tensor::from(values, shape);
}
Variable leaf(const std::vector<double>& values, const Shape& shape) {
  return Variable(numbers(values, shape), true);
}

/// The gradient that `f` gives its input where dL/dy is 1, 2, 3...
template <class F>
Tensor gradient_of(const F& f, const Variable& x) {
  const Variable y = f(x);
  std::vector<double> dy(std::size_t(y.value().numel()));
  for (std::size_t i = 0; i < dy.size(); ++i) dy[i] = double(i + 1);
  y.backward(numbers(dy, y.shape()));
  return x.grad().defined() ? x.grad() : Tensor::full(x.shape(), std::nan(""), DType::f64);
}

/// A 2-D convolution of one channel, in one direction, with the plain kernel.
Tensor convolution(ConvDirection direction, const Tensor& x, const Tensor& w, const Tensor& y,
                   std::int64_t padding = 0, std::int64_t stride = 1) {
  ConvOptions options;
  options.padding = {0, padding, padding};
  options.stride = {1, stride, stride};
  const ConvGeometry g = ConvGeometry::convolution("conv2d", x.shape(), w.shape(), options);
  const ConvProblem problem{direction, g, DType::f64, DType::f64, false, {}};
  cpu::reference::convolve(problem, {x, w, y, {}, nullptr});
  return direction == ConvDirection::forward         ? y
         : direction == ConvDirection::backward_data ? x
                                                     : w;
}

const Tensor picture = numbers({1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 3, 3, 1});
const Tensor kernel = numbers({1, 10, 100, 1000}, {1, 2, 2, 1});

}  // namespace

TEST_CASE("lesson numel: the product of the extents") {
  CHECK(Shape{2, 3, 4}.numel() == 24);
  CHECK(Shape{}.numel() == 1);
  CHECK(Shape{0, 5}.numel() == 0);
}

TEST_CASE("lesson negative-index: -1 is the last dimension") {
  const Shape shape{2, 3, 4};
  CHECK(shape[-1] == 4);
  CHECK(shape[-3] == 2);
  CHECK(shape[1] == 3);
  CHECK_THROWS_AS(shape[-4], Error);
}

TEST_CASE("lesson permute: rows become columns") {
  const Tensor x = numbers({1, 2, 3, 4, 5, 6}, {2, 3}), y({3, 2}, DType::f64);
  cpu_backend().layout.permute(x, {1, 0}, y);
  EXPECT_VALUES(y, 1, 4, 2, 5, 3, 6);
}

TEST_CASE("lesson uniform: in [0,1), a quarter below 0.25") {
  Rng rng(1);
  int low = 0;
  for (int i = 0; i < 10000; ++i) {
    const double x = rng.uniform();
    REQUIRE((x >= 0 && x < 1));
    low += x < 0.25;
  }
  CHECK(std::abs(low - 2500) < 250);
}

TEST_CASE("lesson normal: mean 0 and variance 1") {
  Rng rng(2);
  double sum = 0, squares = 0;
  for (int i = 0; i < 20000; ++i) {
    const double x = rng.normal();
    REQUIRE(std::isfinite(x));
    sum += x;
    squares += x * x;
  }
  CHECK(std::abs(sum / 20000) < 0.03);
  CHECK(std::abs(squares / 20000 - 1) < 0.05);
}

TEST_CASE("lesson shuffle: all six orders of three come equally often") {
  std::vector<int> count(6);
  Rng rng(3);
  for (int i = 0; i < 6000; ++i) {
    const std::vector<std::int64_t> p = rng.permutation(3);
    REQUIRE(std::set<std::int64_t>(p.begin(), p.end()).size() == 3);
    ++count[std::size_t(p[0] * 2 + (p[1] > p[2]))];
  }
  for (const int each : count) CHECK(std::abs(each - 1000) < 150);
}

TEST_CASE("lesson add-gradient: both inputs get what arrives") {
  const Variable b = leaf({1, 1}, {2});
  const auto sum_with_b = [&](const Variable& a) { return add(a, b); };
  EXPECT_VALUES(gradient_of(sum_with_b, leaf({5, 7}, {2})), 1, 2);
  EXPECT_VALUES(b.grad(), 1, 2);
}

TEST_CASE("lesson multiply-gradient: each factor gets the other") {
  const Variable b = leaf({10, 20}, {2});
  EXPECT_VALUES(gradient_of([&](const Variable& a) { return multiply(a, b); }, leaf({5, 7}, {2})),
                {10, 40});
  EXPECT_VALUES(b.grad(), 5, 14);
}

TEST_CASE("lesson divide-gradient: -a / b^2 for the divisor") {
  const Variable a(numbers({8, 12}, {2}));
  EXPECT_VALUES(gradient_of([&](const Variable& b) { return divide(a, b); }, leaf({2, 4}, {2})),
                {-2, -1.5});
}

TEST_CASE("lesson sum-gradient: the same for every element") {
  const Variable x = leaf({1, 2, 3, 4}, {2, 2});
  sum(x).backward(numbers({5}, {1}));
  EXPECT_VALUES(x.grad(), 5, 5, 5, 5);
}

TEST_CASE("lesson permute-gradient: every dimension goes back") {
  const Variable x = leaf({0, 0, 0, 0, 0, 0}, {1, 2, 3});
  EXPECT_VALUES(gradient_of(
                    [](const Variable& v) {
                      return permute(v, {2, 0, 1});
                    },
                    x),
                1, 3, 5, 2, 4, 6);
}

TEST_CASE("lesson slice-gradient: zero outside of the slice") {
  EXPECT_VALUES(
      gradient_of([](const Variable& x) { return slice_rows(x, 1, 3); }, leaf({1, 2, 3, 4}, {4})),
      {0, 1, 2, 0});
}

TEST_CASE("lesson accumulate: d(x*x) = 2x, as both factors count") {
  const Variable x = leaf({3, 4}, {2});
  EXPECT_VALUES(
      gradient_of([](const Variable& v) { return multiply(affine(v, 1), affine(v, 1)); }, x),
      {6, 16});
}

TEST_CASE("lesson topological-order: gradients reach the leaf through both paths") {
  const Variable x = leaf({2}, {1});
  const auto diamond = [](const Variable& v) {
    const Variable half = affine(v, 0.5);
    return multiply(affine(half, 3), add(half, half));  // 3 v^2 / 2
  };
  EXPECT_VALUES(gradient_of(diamond, x), 6);
}

TEST_CASE("lesson backward-call: a chain of two") {
  EXPECT_VALUES(
      gradient_of([](const Variable& v) { return affine(affine(v, 2), 5); }, leaf({1}, {1})), 10);
}

TEST_CASE("lesson central-difference: a right gradient is accepted, a wrong one refused") {
  const CheckedFunction square = [](const std::vector<Variable>& x) {
    return multiply(x[0], x[0]);
  };
  CHECK(gradcheck(square, {leaf({1, -2, 3}, {3})}).passed);
  const CheckedFunction wrong = [](const std::vector<Variable>& x) {
    return make_result(x[0].value(), "wrong", {x[0]}, [](const Tensor& dy) {
      return std::vector{Tensor::zeros(dy.shape(), DType::f64)};
    });
  };
  CHECK_FALSE(gradcheck(wrong, {leaf({1, 2}, {2})}).passed);
}

TEST_CASE("lesson cotangent: a gradient in the wrong order is found") {
  const CheckedFunction reversed = [](const std::vector<Variable>& x) {
    return make_result(x[0].value(), "reversed", {x[0]}, [](const Tensor& dy) {
      std::vector<double> values = dy.to_vector<double>();
      std::reverse(values.begin(), values.end());
      return std::vector{Tensor::from(values, dy.shape())};
    });
  };
  CHECK_FALSE(gradcheck(reversed, {leaf({1, 2, 3}, {3})}).passed);
  CHECK(
      gradcheck([](const std::vector<Variable>& x) { return affine(x[0], 3); }, {leaf({1, 2}, {2})})
          .passed);
}

TEST_CASE("lesson relu: what is negative becomes 0") {
  EXPECT_VALUES(relu(leaf({-2, 0, 3}, {3})).value(), 0, 0, 3);
  CHECK(std::isnan(relu(leaf({std::nan("")}, {1})).value().item()));
}

TEST_CASE("lesson leaky-relu-slope: alpha where x is negative") {
  EXPECT_VALUES(
      gradient_of([](const Variable& x) { return leaky_relu(x, 0.2); }, leaf({-5, 5}, {2})),
      {0.2, 2});
}

TEST_CASE("lesson elu: exp(x) - 1 below 0, exact near 0") {
  EXPECT_VALUES(elu(leaf({2, -1, -1e-12}, {3})).value(), 2, std::expm1(-1.0), std::expm1(-1e-12));
  const double tiny = elu(leaf({-1e-12}, {1})).value().item();
  CHECK(std::abs(tiny / -1e-12 - 1) < 1e-9);
}

TEST_CASE("lesson elu-slope: exp(x) below 0") {
  EXPECT_VALUES(gradient_of([](const Variable& x) { return elu(x, 2); }, leaf({3, -1}, {2})),
                {1, 4 * std::exp(-1.0)});
}

TEST_CASE("lesson sigmoid-slope: y (1 - y)") {
  EXPECT_VALUES(
      gradient_of([](const Variable& x) { return sigmoid(x); }, leaf({0, std::log(3.0)}, {2})),
      {0.25, 0.375});
}

TEST_CASE("lesson linear-weight: rows of dz times the input") {
  const Variable x(numbers({1, 2, 3}, {1, 3}));
  const auto layer = [&](const Variable& w) { return linear(x, w, Variable()); };
  EXPECT_VALUES(gradient_of(layer, leaf({0, 0, 0, 0, 0, 0}, {2, 3})), 1, 2, 3, 2, 4, 6);
}

TEST_CASE("lesson kaiming: the variance is 2 over the number of inputs") {
  const Tensor weight({64, 3, 3, 32}, DType::f64);
  Rng rng(4);
  kaiming_normal(weight, rng);
  double squares = 0;
  for (const double value : weight.to_vector<double>()) squares += value * value;
  CHECK(squares / double(weight.numel()) ==
        doctest::Approx(2.0 / (3 * 3 * 32)).epsilon(0.05).scale(0));
}

TEST_CASE("lesson tap-position: stride and padding") {
  EXPECT_VALUES(
      convolution(ConvDirection::forward, picture, kernel, Tensor({1, 2, 2, 1}, DType::f64)), 5421,
      6532, 8754, 9865);
  EXPECT_VALUES(
      convolution(ConvDirection::forward, picture, kernel, Tensor({1, 2, 2, 1}, DType::f64), 1, 2),
      1000, 3200, 7040, 9865);
}

TEST_CASE("lesson padding: what is outside counts as 0") {
  EXPECT_VALUES(
      convolution(ConvDirection::forward, picture, kernel, Tensor({1, 4, 4, 1}, DType::f64), 1),
      1000, 2100, 3200, 300, 4010, 5421, 6532, 603, 7040, 8754, 9865, 906, 70, 87, 98, 9);
}

TEST_CASE("lesson conv-forward: sums of products") {
  EXPECT_VALUES(
      convolution(ConvDirection::forward, picture, kernel, Tensor({1, 2, 2, 1}, DType::f64)), 5421,
      6532, 8754, 9865);
}

TEST_CASE("lesson conv-backward-data: each output spreads the kernel") {
  const Tensor dx({1, 3, 3, 1}, DType::f64), dy = numbers({1, 0, 0, 2}, {1, 2, 2, 1});
  EXPECT_VALUES(convolution(ConvDirection::backward_data, dx, kernel, dy), 1, 10, 0, 100, 1002, 20,
                0, 200, 2000);
}

TEST_CASE("lesson conv-backward-weight: each tap sums what it saw") {
  const Tensor dw({1, 2, 2, 1}, DType::f64), dy = numbers({1, 0, 0, 2}, {1, 2, 2, 1});
  EXPECT_VALUES(convolution(ConvDirection::backward_weight, picture, dw, dy), 11, 14, 20, 23);
}

TEST_CASE("lesson conv-transpose: its gradient is the convolution") {
  const Variable w(kernel);
  const auto layer = [&](const Variable& x) { return conv_transpose(x, w, Variable(), {}); };
  EXPECT_VALUES(gradient_of(layer, leaf({0, 0, 0, 0}, {1, 2, 2, 1})), 5421, 6532, 8754, 9865);
}

TEST_CASE("lesson pool-wins: the first of equals, and a NaN") {
  const auto pooled = [](const std::vector<double>& row) {
    return gradient_of(
        [](const Variable& x) {
          return max_pool(x, {1, 1, 2}, {1, 1, 2});
        },
        leaf(row, {1, 1, std::int64_t(row.size()), 1}));
  };
  EXPECT_VALUES(pooled({3, 7, 5, 5}), 0, 1, 2, 0);
  EXPECT_VALUES(pooled({std::nan(""), 7}), 1, 0);
}

TEST_CASE("lesson pool-gradient: to the winner alone") {
  EXPECT_VALUES(gradient_of(
                    [](const Variable& x) {
                      return max_pool(x, {1, 1, 2}, {1, 1, 2});
                    },
                    leaf({1, 4, 9, 2}, {1, 1, 4, 1})),
                {0, 1, 2, 0});
}

TEST_CASE("lesson variance: the mean squared distance from the mean") {
  const Tensor mean({1, 1}, DType::f64), variance({1, 1}, DType::f64);
  cpu::norm_reference().statistics(numbers({1, 2, 3, 6}, {4, 1}), mean, variance);
  EXPECT_VALUES(mean, 3);
  EXPECT_VALUES(variance, 3.5);
}

TEST_CASE("lesson normalize: mean 0, variance 1, then scale and shift") {
  const Tensor y({2, 1}, DType::f64);
  cpu::norm_reference().normalize(
      numbers({1, 5}, {2, 1}), numbers({3}, {1, 1}), numbers({4}, {1, 1}),
      {numbers({10}, {1}), numbers({1}, {1}), 0, Activation::identity()}, y);
  EXPECT_VALUES(y, -9, 11);
}

TEST_CASE("lesson norm-gradient: what is constant or along xhat is taken away") {
  const Tensor x = numbers({1, 2, 3, 6}, {4, 1}), mean = numbers({3}, {1, 1}),
               variance = numbers({3.5}, {1, 1});
  const BatchNormParameters parameters{numbers({1}, {1}), numbers({0}, {1}), 0,
                                       Activation::identity()};
  const Tensor dx({4, 1}, DType::f64), dgamma({1}, DType::f64), dbeta({1}, DType::f64);
  const auto backward = [&](bool constant, const std::vector<double>& dy) {
    cpu::norm_reference().backward(constant, x, numbers(dy, {4, 1}), mean, variance, parameters, dx,
                                   dgamma, dbeta);
    return dx;
  };
  const double inverse = 1 / std::sqrt(3.5);
  EXPECT_VALUES(backward(true, {1, 1, 1, 1}), inverse, inverse, inverse, inverse);
  // Adding a constant to x, or stretching it, leaves y as it was.
  const std::vector<double> change = backward(false, {1, 0, 0, 0}).to_vector<double>();
  double shifted = 0, stretched = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    shifted += change[i];
    stretched += change[i] * (x.data<double>()[i] - 3);
  }
  CHECK(std::abs(shifted) < 1e-12);
  CHECK(std::abs(stretched) < 1e-12);
  CHECK(std::abs(change[0]) > 0.01);
}

TEST_CASE("lesson bce: minus the logarithm of what is true") {
  const Variable p(numbers({0.25, 0.25}, {2}));
  const double expected = -(std::log(0.25) + std::log(0.75)) / 2;
  EXPECT_VALUES(binary_cross_entropy(p, numbers({1, 0}, {2})).value(), expected);
}

TEST_CASE("lesson bce-slope: (p - t) / (p (1 - p)), over the number of voxels") {
  const Tensor t = numbers({1, 0}, {2});
  EXPECT_VALUES(gradient_of([&](const Variable& p) { return binary_cross_entropy(p, t); },
                            leaf({0.25, 0.25}, {2})),
                {-2, 1 / 1.5});
}

TEST_CASE("lesson sgd-momentum: old gradients fade") {
  const Variable w = leaf({0}, {1});
  const auto optimizer = make_sgd({{"w", w, 0}}, {1}, 0.5);
  for (const double expected : {-1.0, -2.5, -4.25}) {
    optimizer->zero_grad();
    sum(w).backward();
    optimizer->step({});
    EXPECT_VALUES(w.value(), expected);
  }
}

TEST_CASE("lesson adam-moments: the second moment follows the squared gradient") {
  const Variable w = leaf({0}, {1});
  const auto optimizer = make_adam({{"w", w, 0}}, {0.1}, {});
  affine(sum(w), 3).backward();
  optimizer->step({});
  for (const NamedTensor& state : optimizer->state())
    if (state.name == "w/exp_avg_sq") EXPECT_VALUES(state.tensor, 0.001 * 9);
}

TEST_CASE("lesson adam-step: as large as the rate, however large the gradient") {
  for (const double slope : {0.01, 1000.0}) {
    const Variable w = leaf({0}, {1});
    const auto optimizer = make_adam({{"w", w, 0}}, {0.1}, {});
    affine(sum(w), slope).backward();
    optimizer->step({});
    CHECK(w.value().item() == doctest::Approx(-0.1).epsilon(1e-5));
  }
}

TEST_CASE("lesson multi-step: halved at every milestone") {
  CHECK(multi_step_lr(8, {10, 20}, 0.5, 0) == 8);
  CHECK(multi_step_lr(8, {10, 20}, 0.5, 10) == 4);
  CHECK(multi_step_lr(8, {10, 20}, 0.5, 25) == 2);
}

TEST_CASE("lesson softmax: large scores do not overflow") {
  EXPECT_VALUES(softmax_over_views(leaf({1000, 1000 + std::log(3.0)}, {2, 1})).value(), 0.25, 0.75);
}

TEST_CASE("lesson softmax-gradient: one view's gain is the others' loss") {
  EXPECT_VALUES(gradient_of([](const Variable& s) { return softmax_over_views(s); },
                            leaf({0, std::log(3.0)}, {2, 1})),
                {-0.1875, 0.1875});
}

TEST_CASE("lesson weighted-sum: over the views, voxel by voxel") {
  EXPECT_VALUES(
      weighted_sum_over_views(leaf({0.25, 1, 0.75, 0}, {2, 2}), leaf({4, 5, 8, 6}, {2, 2})).value(),
      7, 5);
}
