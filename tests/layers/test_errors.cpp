// Wrong shapes give errors that name the function, the shapes and what was expected.
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/gradcheck.h"
#include "layers/conv_block.h"
#include "layers/linear.h"
#include "layers/loss.h"
#include "layers/norm.h"
#include "layers/pool.h"
#include "layers/views.h"

using namespace voxgrad;
using doctest::Contains;

namespace {
Variable zeros(const Shape& shape, DType dtype = DType::f32) {
  return Variable(Tensor::zeros(shape, dtype));
}
}  // namespace

TEST_CASE("convolutions refuse shapes that do not fit") {
  CHECK_THROWS_WITH_AS(
      conv(zeros({2, 32, 32, 32, 8}), zeros({16, 3, 3, 3, 9}), {}, {}),
      "[conv3d] weight expects 9 input channels, got 8: input [2,32,32,32,8], weight "
      "[16,3,3,3,9]",
      Error);
  CHECK_THROWS_WITH(conv(zeros({1, 2, 2, 1}), zeros({1, 3, 3, 1}), {}, {}),
                    Contains("[conv2d] kernel 3 is larger"));
  CHECK_THROWS_WITH(conv(zeros({1, 4, 4, 1}), zeros({1, 3, 3, 3, 1}), {}, {}),
                    Contains("weight must have 4"));
  CHECK_THROWS_WITH(conv(zeros({1, 4, 4, 1}), zeros({2, 3, 3, 1}), zeros({3}), {}),
                    Contains("bias has shape [3]"));
  CHECK_THROWS_WITH(conv(zeros({1, 4, 4, 1}), zeros({2, 3, 3, 1}, DType::f64), {}, {}),
                    Contains("tensors differ"));
  CHECK_THROWS_WITH(conv(zeros({1, 4, 4, 1}), zeros({2, 3, 3, 1}), {}, {{1, 0, 1}, {0, 0, 0}}),
                    Contains("stride must be at least 1"));
  CHECK_THROWS_WITH(
      conv_transpose(zeros({1, 1, 1, 2}), zeros({2, 2, 2, 1}), {}, {{1, 1, 1}, {0, 1, 1}}),
      Contains("[conv_transpose2d] padding 1 leaves nothing"));
  CHECK_THROWS_WITH(conv_transpose(zeros({1, 2, 2, 3}), zeros({2, 2, 2, 1}), {}, {}),
                    Contains("weight expects 2 input channels, got 3"));
}

TEST_CASE("other layers refuse shapes that do not fit") {
  CHECK_THROWS_WITH(linear(zeros({2, 3}), zeros({4, 5}), {}),
                    Contains("[linear] weight expects 5 input features, got 3"));
  CHECK_THROWS_WITH(max_pool(zeros({1, 2, 2, 1}), {3, 3, 3}, {3, 3, 3}),
                    Contains("[max_pool] window 3 is larger"));
  CHECK(max_pool(zeros({1, 3, 3, 1}), {1, 3, 3}, {1, 3, 3}).shape() == Shape{1, 1, 1, 1});
  CHECK_THROWS_WITH(batch_norm(zeros({3, 4, 4, 2}), zeros({2}), zeros({2}), {}, {},
                               {.groups = 2, .training = true}),
                    Contains("2 groups do not divide the batch"));
  CHECK_THROWS_WITH(
      batch_norm(zeros({1, 1, 1, 2}), zeros({2}), zeros({2}), {}, {}, {.training = true}),
      Contains("more than one value per channel"));
  CHECK_THROWS_WITH(
      batch_norm(zeros({1, 4, 4, 2}), zeros({3}), zeros({2}), {}, {}, {.training = true}),
      Contains("expected [2]"));
  CHECK_THROWS_WITH(batch_norm(zeros({1, 2, 4, 2}), zeros({2}), zeros({2}), {}, {},
                               {.training = true, .pool = {1, 3, 3}}),
                    Contains("[batch_norm] window 3 is larger"));
  CHECK_THROWS_WITH(batch_norm(zeros({4, 2}), zeros({2}), zeros({2}), {}, {},
                               {.training = true, .pool = {1, 2, 2}}),
                    Contains("[batch_norm] input must be [N,H,W,C]"));
  CHECK_THROWS_WITH(
      ConvBlock(std::make_shared<Conv2d>(ConvLayerOptions{.activation = Activation::relu()})),
      Contains("[conv_block] the convolution has an activation of its own"));
  CHECK_THROWS_WITH(binary_cross_entropy(zeros({2, 3}), Tensor::zeros({3, 2})),
                    Contains("target has shape [3,2]"));
  CHECK_THROWS_WITH(weighted_sum_over_views(zeros({2, 3}), zeros({3, 3})),
                    Contains("weights has shape [2,3]"));
}

TEST_CASE("binary cross-entropy refuses what is no probability, and lets NaN through") {
  const auto loss = [](std::vector<float> probability, std::vector<float> target) {
    const Shape shape{std::int64_t(target.size())};
    return binary_cross_entropy(Variable(Tensor::from(probability, shape)),
                                Tensor::from(target, shape))
        .value()
        .item();
  };
  CHECK(loss({0, 1, 0.5f}, {0, 1, 0.25f}) == doctest::Approx(std::log(2.0) / 3));
  CHECK_THROWS_WITH(loss({0.5f, 0.5f, 1.5f}, {0, 1, 1}),
                    "[binary_cross_entropy] probability number 2 is 1.5, expected a number from 0 "
                    "to 1: shape [3] (a network's last layer needs a sigmoid)");
  CHECK_THROWS_WITH(loss({0.5f, -0.25f}, {0, 1}), Contains("probability number 1 is -0.25"));
  CHECK_THROWS_WITH(loss({0.5f, 0.5f}, {255, 0}), Contains("target number 0 is 255"));
  CHECK(std::isnan(loss({0.5f, std::nanf("")}, {0, 1})));
}

TEST_CASE("the mean squared error has its value and its gradient, and refuses other shapes") {
  const Variable y(Tensor::from(std::vector<double>{1, -2, 0.5, 3}, {2, 2}), true);
  const Tensor target = Tensor::from(std::vector<double>{0, 1, 0.5, 5}, {2, 2});
  Variable loss = mse_loss(y, target);
  CHECK(loss.value().item() == doctest::Approx(14.0 / 4).epsilon(1e-12));
  loss.backward();
  const std::vector<double> expected = {0.5, -1.5, 0, -1};  // 2 (y - t) / 4
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(y.grad().data<double>()[i] == doctest::Approx(expected[i]).epsilon(1e-12));
  const GradcheckResult result =
      gradcheck([&](const std::vector<Variable>& in) { return mse_loss(in[0], target); },
                {Variable(y.value(), true)});
  CHECK_MESSAGE(result.passed, result.message);
  CHECK_THROWS_WITH(mse_loss(y, Tensor::zeros({4}, DType::f64)), Contains("target has shape [4]"));
  CHECK_THROWS_WITH(mse_loss(y, Tensor::zeros({2, 2}, DType::f32)), Contains("[mse_loss]"));
}
