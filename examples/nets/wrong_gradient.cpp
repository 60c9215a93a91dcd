// A mistake in a backward pass, and how it is found: the gradient of x^2 without its factor of 2.
#include <cstdio>

#include "voxgrad.h"

using namespace voxgrad;

namespace {

Variable square(const Variable& x, double factor) {
  const Tensor y = multiply(Variable(x.value()), Variable(x.value())).value();
  return make_result(y, "square", {x}, [x, factor](const Tensor& dy) {
    const Variable slope = affine(Variable(x.value()), factor);
    return std::vector{multiply(Variable(dy), slope).value()};
  });
}

}  // namespace

int main() {
  const std::vector<Variable> inputs{Variable(Tensor::from<double>({1, -2, 3}, {3}), true)};
  for (const double factor : {1.0, 2.0}) {
    // Both give the right y, and training would run with either.
    const GradcheckResult result = gradcheck(
        [factor](const std::vector<Variable>& x) { return square(x[0], factor); }, inputs);
    std::printf("dx = %g * x * dy: %s\n", factor, result.passed ? "right" : result.message.c_str());
    if (result.passed != (factor == 2.0)) return 1;
  }
  return 0;
}
