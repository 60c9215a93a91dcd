// A function of one's own: softplus(x) = log(1 + exp(x)), its gradient, and the proof that both
// fit.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "voxgrad.h"

using namespace voxgrad;

namespace {

/// f64, on the CPU. dy/dx = 1 / (1 + exp(-x)).
Variable softplus(const Variable& x) {
  std::vector<double> y = x.value().to_vector<double>();
  for (double& value : y) value = std::log1p(std::exp(-std::abs(value))) + std::max(value, 0.0);
  return make_result(Tensor::from(y, x.shape()), "softplus", {x}, [x](const Tensor& dy) {
    std::vector<double> dx = dy.to_vector<double>();
    const std::vector<double> values = x.value().to_vector<double>();
    for (std::size_t i = 0; i < dx.size(); ++i) dx[i] /= 1 + std::exp(-values[i]);
    return std::vector{Tensor::from(dx, dy.shape())};
  });
}

}  // namespace

int main() {
  const Variable x(Tensor::from<double>({-3, -0.5, 0, 0.5, 3, 40}, {2, 3}), true);
  std::printf("softplus(0) = %.6f, expected log 2\n",
              softplus(Variable(Tensor::zeros({1}, DType::f64))).value().item());
  const GradcheckResult result =
      gradcheck([](const std::vector<Variable>& inputs) { return softplus(inputs[0]); }, {x});
  std::printf("%s, largest relative error %.1e\n",
              result.passed ? "the gradient is right" : result.message.c_str(), result.max_error);
  return result.passed ? 0 : 1;
}
