#include "autograd/gradcheck.h"

#include <algorithm>
#include <cmath>

#include "autograd/mismatch.h"
#include "tensor/rng.h"

namespace voxgrad {
namespace {

// sum(c * f), with f moved to the host.
double weighted(const Tensor& result, const Tensor& cotangent) {
  const std::vector<double> values = result.to_vector<double>();
  const double* c = cotangent.data<double>();
  double total = 0;
  for (std::size_t i = 0; i < values.size(); ++i) total += c[i] * values[i];
  return total;
}

// In [0.5, 1.5) with random signs: no element's influence can vanish or repeat.
Tensor make_cotangent(const Shape& shape, std::uint64_t seed) {
  Rng rng(seed, {0x636f74});
  Tensor cotangent(shape, DType::f64);
  for (std::int64_t i = 0; i < shape.numel(); ++i)
    cotangent.data<double>()[i] = (rng.below(2) == 0 ? -1 : 1) * rng.uniform(0.5, 1.5);
  return cotangent;
}

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return most;
}

std::vector<double> numeric_gradient(const CheckedFunction& function, std::vector<Variable>& inputs,
                                     std::size_t index, const Tensor& cotangent, double step) {
  const NoGrad no_grad;
  const Tensor original = inputs[index].value();
  const std::vector<double> values = original.to_vector<double>();
  std::vector<double> gradient(values.size());
  const auto loss_at = [&](std::size_t element, double value) {
    std::vector<double> moved = values;
    moved[element] = value;
    inputs[index] = Variable(Tensor::from(moved, original.shape()).to(original.device()));
    return weighted(function(inputs).value(), cotangent);
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double above = values[i] + step;
    const double below = values[i] - step;
    gradient[i] = (loss_at(i, above) - loss_at(i, below)) / (above - below);
  }
  inputs[index] = Variable(original);
  return gradient;
}

}  // namespace

GradcheckResult gradcheck(const CheckedFunction& function, std::vector<Variable> inputs,
                          const GradcheckOptions& options) {
  for (Variable& input : inputs) {
    check(input.dtype() == DType::f64, "[gradcheck] inputs must be f64, got ", input.dtype());
    input.zero_grad();
  }
  const Variable result = function(inputs);
  const Tensor cotangent = make_cotangent(result.shape(), options.seed);
  if (!result.requires_grad())
    return {false, 0, "the result does not depend on any input that requires a gradient"};
  result.backward(cotangent.to(result.device()));

  std::vector<std::vector<double>> analytic(inputs.size()), numeric(inputs.size());
  double scale = 0;
  std::vector<Variable> moved;
  moved.reserve(inputs.size());
  for (const Variable& input : inputs) moved.emplace_back(input.value());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].requires_grad()) {
      if (inputs[i].grad().defined())
        return {false, 0, concat("input ", i, " requires no gradient but got one")};
      continue;
    }
    if (!inputs[i].grad().defined()) return {false, 0, concat("input ", i, " got no gradient")};
    analytic[i] = inputs[i].grad().to_vector<double>();
    numeric[i] = numeric_gradient(function, moved, i, cotangent, options.step);
    scale = std::max({scale, largest(analytic[i]), largest(numeric[i])});
  }

  GradcheckResult verdict;
  verdict.passed = true;
  const auto reject = [&](const std::string& message) {
    if (verdict.passed) verdict.message = message;
    verdict.passed = false;
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].requires_grad()) continue;
    const double magnitude = std::max(largest(analytic[i]), largest(numeric[i]));
    if (magnitude == 0 && !options.allow_zero)
      reject(concat("input ", i, ": the gradient is 0 everywhere, which proves nothing"));
    const double denominator = std::max(magnitude, 1e-3 * scale);
    double error = 0;
    for (std::size_t k = 0; k < analytic[i].size(); ++k) {
      const double difference = std::abs(analytic[i][k] - numeric[i][k]);
      const double relative = difference == 0 ? 0 : difference / denominator;
      if (!(relative <= error)) error = relative;  // written so that a NaN stays
      if (std::isnan(error)) break;
    }
    if (!(error <= options.tolerance)) {
      const Shape& shape = inputs[i].shape();
      const Mismatch worst = explain_mismatch(analytic[i], numeric[i], shape);
      reject(concat("input ", i, ' ', shape, ", element ", place_in(shape, worst.element),
                    ": backward gives ", worst.actual, ", differences give ", worst.expected,
                    ", relative error ", error,
                    worst.cause.empty() ? "" : "; likely cause: ", worst.cause));
    }
    if (!(error <= verdict.max_error)) verdict.max_error = error;
  }
  return verdict;
}

GradcheckResult gradcheck_subsets(const CheckedFunction& function, std::vector<Variable> inputs,
                                  const GradcheckOptions& options) {
  check(!inputs.empty() && inputs.size() <= 6, "[gradcheck] 1 to 6 inputs, got ", inputs.size());
  GradcheckResult worst;
  worst.passed = true;
  for (unsigned subset = 1; subset < (1u << inputs.size()); ++subset) {
    std::vector<Variable> leaves;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      leaves.emplace_back(inputs[i].value(), (subset >> i & 1u) != 0);
    GradcheckResult result = gradcheck(function, leaves, options);
    worst.max_error = std::max(worst.max_error, result.max_error);
    if (!result.passed)
      return {false, worst.max_error, concat("gradients of subset ", subset, ": ", result.message)};
  }
  return worst;
}

}  // namespace voxgrad
