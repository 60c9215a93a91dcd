// Wrong shapes give errors that name the function, the shapes and what was expected.
#include <doctest/doctest.h>

#include "layers/conv.h"
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
  CHECK_THROWS_WITH(batch_norm(zeros({3, 4, 4, 2}), zeros({2}), zeros({2}), {}, {},
                               {.groups = 2, .training = true}),
                    Contains("2 groups do not divide the batch"));
  CHECK_THROWS_WITH(
      batch_norm(zeros({1, 1, 1, 2}), zeros({2}), zeros({2}), {}, {}, {.training = true}),
      Contains("more than one value a channel"));
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
      BatchNorm({.channels = 3}).follow(std::make_shared<Conv2d>(ConvLayerOptions::cube(1, 2, 1))),
      Contains("a norm of 3 channels cannot follow a convolution to 2"));
  const auto convolution = std::make_shared<Conv2d>(ConvLayerOptions::cube(1, 3, 1));
  BatchNorm norm({.channels = 3});
  norm.follow(convolution);
  const Variable x(Tensor::zeros({2, 1, 1, 1}));
  CHECK_NOTHROW(norm.forward(convolution->forward(x)));
  norm.train(false);
  CHECK_THROWS_WITH(norm.forward(convolution->forward(x)),
                    Contains("where it leaves out its bias"));
  convolution->train(false);
  CHECK_NOTHROW(norm.forward(convolution->forward(x)));
  CHECK_THROWS_WITH(binary_cross_entropy(zeros({2, 3}), Tensor::zeros({3, 2})),
                    Contains("target has shape [3,2]"));
  CHECK_THROWS_WITH(weighted_sum_over_views(zeros({2, 3}), zeros({3, 3})),
                    Contains("weights has shape [2,3]"));
}
