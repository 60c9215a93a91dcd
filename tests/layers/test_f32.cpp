// Where f32 could lose what f64 keeps: compared with formulas in f64.
#include <doctest/doctest.h>

#include <cmath>

#include "layers/activation.h"
#include "layers/conv.h"
#include "layers/linear.h"
#include "layers/loss.h"

using namespace voxgrad;

namespace {

/// dy/dx at x of a layer of one number, whose weight is 1 and whose bias is 0.
template <class Layer>
double slope(Layer layer, const Shape& shape, double at) {
  Variable x(Tensor::full(shape, at), true);
  layer(x).backward();
  return x.grad().item();
}

}  // namespace

TEST_CASE("ELU's gradient keeps its digits far below 0, alone and after every kind of layer") {
  const Activation elu = Activation::elu();
  const Variable bias(Tensor::zeros({1}));
  for (const double x : {-0.5, -15.0, -20.0, -50.0}) {
    CAPTURE(x);
    const auto is_near = [=](double found) {
      return std::fabs(found - std::exp(x)) <= 1e-6 * std::exp(x);
    };
    CHECK(is_near(slope([&](const Variable& v) { return activation(v, elu); }, {1}, x)));
    const auto dense = [&](const Variable& v) {
      return linear(v, Variable(Tensor::full({1, 1}, 1)), bias, elu);
    };
    CHECK(is_near(slope(dense, {1, 1}, x)));
    const auto convolution = [&](const Variable& v) {
      return conv(v, Variable(Tensor::full({1, 1, 1, 1}, 1)), bias, {}, elu);
    };
    CHECK(is_near(slope(convolution, {1, 1, 1, 1}, x)));
  }
}

TEST_CASE("sigmoid and binary cross-entropy in f32 follow PyTorch's formula, to its clamp at 100") {
  for (const float x : {-1000.0f, -120.0f, -88.2f, -80.0f, -3.0f, 0.0f, 3.0f}) {
    CAPTURE(x);
    const Variable y = sigmoid(Variable(Tensor::full({1}, double(x))));
    const double loss = binary_cross_entropy(y, Tensor::full({1}, 1)).value().item();
    const float formula = std::log(1 / (1 + std::exp(-x)));
    CHECK(loss == doctest::Approx(formula < -100 ? 100.0 : -double(formula)).epsilon(1e-5));
  }
}
