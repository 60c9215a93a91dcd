#include <doctest/doctest.h>

#include <limits>

#include "autograd/functions.h"

using namespace voxgrad;

namespace {
Variable leaf(std::vector<double> values, bool requires_grad = true) {
  const Shape shape{std::int64_t(values.size())};
  return Variable(Tensor::from(values, shape), requires_grad);
}
using Values = std::vector<double>;
}  // namespace

TEST_CASE("gradients of shared results add up") {
  const Variable x = leaf({3});
  const Variable y = multiply(x, x);
  add(y, multiply(y, x)).backward();  // x^2 + x^3
  CHECK(x.grad().to_vector<double>() == Values{2 * 3 + 3 * 9});
}

TEST_CASE("leaf gradients accumulate over passes and are not shared between leaves") {
  const Variable a = leaf({1, 2}), b = leaf({3, 4});
  sum(add(a, b)).backward();
  sum(affine(a, 5)).backward();
  CHECK(a.grad().to_vector<double>() == Values{6, 6});
  CHECK(b.grad().to_vector<double>() == Values{1, 1});
  Variable copy = a;
  copy.zero_grad();
  CHECK_FALSE(a.grad().defined());
}

TEST_CASE("x + x hands one tensor to the same leaf twice") {
  const Variable x = leaf({1, 2});
  const Tensor dy = Tensor::from(Values{10, 20}, {2});
  add(x, x).backward(dy);
  CHECK(x.grad().to_vector<double>() == Values{20, 40});
  CHECK(dy.to_vector<double>() == Values{10, 20});
}

TEST_CASE("no history without need") {
  const Variable x = leaf({1}), constant = leaf({2}, false);
  CHECK(multiply(x, constant).node());
  CHECK_FALSE(multiply(constant, constant).node());
  const NoGrad no_grad;
  CHECK_FALSE(multiply(x, x).requires_grad());
}

TEST_CASE("a graph of 200,000 nodes neither computes nor dies by recursion") {
  const Variable x = leaf({1});
  Variable y = x;
  for (int i = 0; i < 200000; ++i) y = affine(y, 1, 0.5);
  y.backward();
  CHECK(x.grad().to_vector<double>() == Values{1});
  Variable unused = x;
  for (int i = 0; i < 200000; ++i) unused = affine(unused, 1);
}

TEST_CASE("the history is freed by the backward pass") {
  const Variable x = leaf({2});
  const Variable y = multiply(x, x);
  y.backward();
  CHECK(y.node()->inputs.empty());
  CHECK_THROWS_WITH(y.backward(), doctest::Contains("already used"));
}

TEST_CASE("backward says what it needs") {
  CHECK_THROWS_WITH(leaf({1, 2}).backward(), doctest::Contains("needs a gradient argument"));
  CHECK_THROWS_WITH(leaf({1}, false).backward(), doctest::Contains("nothing below"));
  const Variable bad = make_result(Tensor::from(Values{1}, {1}), "bad", {leaf({1})},
                                   [](const Tensor&) { return std::vector<Tensor>{Tensor()}; });
  CHECK_THROWS_WITH(bad.backward(), doctest::Contains("bad gave no gradient"));
}

TEST_CASE("a gradient of another shape or dtype than its input is refused") {
  const auto backward_giving = [](const Tensor& gradient) {
    return make_result(Tensor::from(Values{1}, {1}), "bad", {leaf({1, 2})},
                       [=](const Tensor&) { return std::vector{gradient}; });
  };
  CHECK_NOTHROW(backward_giving(Tensor::zeros({2}, DType::f64)).backward());
  CHECK_THROWS_WITH(backward_giving(Tensor::zeros({2, 1}, DType::f64)).backward(),
                    "[backward] bad gave a gradient f64[2,1] for an input f64[2]");
  CHECK_THROWS_WITH(backward_giving(Tensor::zeros({3}, DType::f64)).backward(),
                    "[backward] bad gave a gradient f64[3] for an input f64[2]");
  CHECK_THROWS_WITH(backward_giving(Tensor::zeros({2}, DType::f32)).backward(),
                    "[backward] bad gave a gradient f32[2] for an input f64[2]");
}

TEST_CASE("the finite check names the first bad node, forward and backward") {
  const FiniteCheck finite;
  const NameScope outer("encoder");
  const NameScope inner("layer1");
  const Variable zero = leaf({0}), one = leaf({1});
  CHECK_THROWS_WITH(divide(one, zero), doctest::Contains("forward of encoder.layer1/divide"));
  const Variable y = make_result(Tensor::from(Values{1}, {1}), "sick", {one}, [](const Tensor&) {
    return std::vector{Tensor::from(Values{std::numeric_limits<double>::infinity()}, {1})};
  });
  CHECK_THROWS_WITH(y.backward(), doctest::Contains("backward of encoder.layer1/sick"));
}

TEST_CASE("cast rounds, and casts the gradient back") {
  const Variable x = leaf({1, 1 + 0x1p-9, -3});
  const Variable y = cast(x, DType::bf16);
  CHECK(y.value().to(DType::f64).to_vector<double>() == Values{1, 1, -3});
  y.backward(Tensor::from(Values{1, 0.5, 1 + 0x1p-9}, {3}).to(DType::bf16));
  CHECK(x.grad().to_vector<double>() == Values{1, 0.5, 1});
  CHECK(x.grad().dtype() == DType::f64);
  CHECK(cast(x, DType::f64).state() == x.state());
}
