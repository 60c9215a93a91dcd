// The gradient check itself: what it must accept and what it must find.
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/functions.h"
#include "autograd/gradcheck.h"

using namespace voxgrad;

namespace {

Variable leaf(std::vector<double> values) {
  const Shape shape{std::int64_t(values.size())};
  return Variable(Tensor::from(values, shape), true);
}

/// scales[0] * a + scales[1] * b, whose gradient for b is `wrong` times the right one.
CheckedFunction weighted_sum(double scale_a, double scale_b, double wrong = 1) {
  return [=](const std::vector<Variable>& inputs) {
    const Variable b = make_result(inputs[1].value(), "wrong", {inputs[1]}, [=](const Tensor& dy) {
      Tensor scaled = dy.clone();
      for (std::int64_t i = 0; i < scaled.numel(); ++i) scaled.data<double>()[i] *= wrong;
      return std::vector{scaled};
    });
    return add(affine(inputs[0], scale_a), affine(b, scale_b));
  };
}

}  // namespace

TEST_CASE("an input's error is measured against the largest gradient of all inputs") {
  const std::vector<Variable> inputs{leaf({0.7, -0.4}), leaf({0.3, 0.9})};
  // The differences in b carry the roundings of a result a million times as large.
  CHECK(gradcheck(weighted_sum(1e6, 1), inputs).passed);
  CHECK_FALSE(gradcheck(weighted_sum(1e6, 1, 1.01), inputs).passed);
  CHECK_FALSE(gradcheck(weighted_sum(1e6, 1, 2), inputs).passed);
  // All gradients small: an error is no smaller for it.
  CHECK(gradcheck(weighted_sum(1e-7, 1e-7), inputs).passed);
  const GradcheckResult wrong = gradcheck(weighted_sum(1e-7, 1e-7, 2), inputs);
  CHECK_FALSE(wrong.passed);
  CHECK(wrong.message.ends_with("a factor of 2 everywhere: something is counted twice"));
  CHECK(wrong.max_error == doctest::Approx(0.5).epsilon(1e-3).scale(0));
  CHECK(wrong.message.starts_with("input 1 [2], element ["));
}

TEST_CASE("the gradient check refuses what proves nothing, and what is no number") {
  const std::vector<Variable> inputs{leaf({0.7, -0.4}), leaf({0.3, 0.9})};
  CHECK_FALSE(gradcheck(weighted_sum(1, 0), inputs).passed);
  CHECK(gradcheck(weighted_sum(1, 0), inputs, {.allow_zero = true}).passed);
  CHECK_FALSE(gradcheck(weighted_sum(1, 1, std::nan("")), inputs).passed);
  CHECK_THROWS_WITH(gradcheck(weighted_sum(1, 1), {Variable(Tensor::zeros({2}))}),
                    "[gradcheck] inputs must be f64, got f32");
}

TEST_CASE("every subset of one to six inputs can be checked") {
  const CheckedFunction total = [](const std::vector<Variable>& inputs) {
    Variable sum = affine(inputs[0], 2);
    for (std::size_t i = 1; i < inputs.size(); ++i) sum = add(sum, affine(inputs[i], double(i)));
    return sum;
  };
  std::vector<Variable> inputs;
  CHECK_THROWS_WITH(gradcheck_subsets(total, inputs), "[gradcheck] 1 to 6 inputs, got 0");
  for (int i = 0; i < 6; ++i) inputs.push_back(leaf({0.1 * i, 0.5}));
  CHECK(gradcheck_subsets(total, inputs).passed);
  inputs.push_back(leaf({1, 2}));
  CHECK_THROWS_WITH(gradcheck_subsets(total, inputs), "[gradcheck] 1 to 6 inputs, got 7");
}
