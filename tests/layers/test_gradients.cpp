// Every layer's gradient against f64 central differences, over random shapes and all subsets of
// inputs that want a gradient.
#include <doctest/doctest.h>

#include <limits>

#include "autograd/functions.h"
#include "layers/gradcheck_cases.h"
#include "tensor/ops/backend.h"

using namespace voxgrad;

TEST_CASE("every layer passes the gradient check on random shapes") {
  for (const std::string& layer : gradcheck_layers()) {
    for (std::uint64_t index = 0; index < 30; ++index) {
      const GradcheckCase each = make_gradcheck_case(layer, 2026, index);
      CAPTURE(layer);
      CAPTURE(each.description);
      const GradcheckResult result = gradcheck_subsets(each.function, each.inputs);
      CHECK_MESSAGE(result.passed, result.message);
      CHECK(result.max_error <= 1e-6);
    }
  }
}

namespace {

// A function with a backward pass given by the test.
Variable scaled_square(const Variable& x, double factor) {
  Tensor y = Tensor::like(x.value());
  backend(x.device()).elementwise.binary(BinaryKind::multiply, x.value(), x.value(), y);
  return make_result(y, "scaled_square", {x}, [x, factor](const Tensor& dy) {
    Tensor dx = Tensor::like(dy);
    backend(dy.device()).elementwise.binary(BinaryKind::multiply, dy, x.value(), dx);
    backend(dy.device()).elementwise.affine(dx, factor, 0, dx);
    return std::vector{dx};
  });
}

GradcheckResult check_square(double factor) {
  const Variable x(Tensor::from(std::vector<double>{0.5, -1.25, 2}, {3}), true);
  return gradcheck(
      [factor](const std::vector<Variable>& in) { return scaled_square(in[0], factor); }, {x});
}

}  // namespace

TEST_CASE("the gradient check finds wrong, missing and NaN gradients") {
  CHECK(check_square(2).passed);
  CHECK_FALSE(check_square(2.00001).passed);
  CHECK_FALSE(check_square(0).passed);
  CHECK_FALSE(check_square(std::numeric_limits<double>::quiet_NaN()).passed);
}

TEST_CASE("a gradient of 0 on both sides is no proof") {
  const Variable x(Tensor::from(std::vector<double>{0.5, 2}, {2}), true);
  const CheckedFunction zero = [](const std::vector<Variable>& in) { return affine(in[0], 0); };
  CHECK_FALSE(gradcheck(zero, {x}).passed);
  CHECK(gradcheck(zero, {x}, {.allow_zero = true}).passed);
}

TEST_CASE("an unknown layer is named together with the known ones") {
  CHECK_THROWS_WITH_AS(make_gradcheck_case("convolution", 1, 0),
                       doctest::Contains("conv_transpose3d"), ConfigError);
}
