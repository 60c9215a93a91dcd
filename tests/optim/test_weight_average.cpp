#include <doctest/doctest.h>

#include <algorithm>

#include "optim/weight_average.h"
#include "tensor/error.h"

using namespace voxgrad;

namespace {

std::vector<NamedTensor> weights_of(double value, std::int64_t steps) {
  return {{"w", Tensor::full({2}, value, DType::f64)},
          {"steps", Tensor::full({1}, double(steps), DType::i64)}};
}

}  // namespace

TEST_CASE("the average follows the weights, soon at first and slowly later") {
  const std::vector<NamedTensor> weights = weights_of(0, 0);
  WeightAverage average(weights, 0.5);
  double expected = 0;
  for (int n = 0; n < 30; ++n) {
    weights[0].tensor.fill(n + 1);
    weights[1].tensor.fill(n);
    average.update(weights);
    const double decay = std::min(0.5, (1.0 + n) / (10.0 + n));
    expected = decay * expected + (1 - decay) * (n + 1);
    CHECK(average.state()[0].tensor.to_vector<double>()[1] ==
          doctest::Approx(expected).epsilon(1e-12));
    CHECK(average.state()[1].tensor.to_vector<std::int64_t>()[0] == n);  // counters are copied
  }
  CHECK(average.updates() == 30);
  CHECK(weights[0].tensor.to_vector<double>()[0] == 30);
}

TEST_CASE("averaged weights take the place of the others for a while") {
  const std::vector<NamedTensor> weights = weights_of(1, 0);
  WeightAverage average(weights, 0.9);
  weights[0].tensor.fill(5);
  {
    const AveragedWeights averaged(&average, weights);
    CHECK(weights[0].tensor.to_vector<double>()[0] == 1);
  }
  CHECK(weights[0].tensor.to_vector<double>()[0] == 5);
  CHECK(average.state()[0].tensor.to_vector<double>()[0] == 1);
  const AveragedWeights none(nullptr, weights);
  CHECK(weights[0].tensor.to_vector<double>()[0] == 5);
}

TEST_CASE("an average continues from what was saved, and refuses what does not fit") {
  const std::vector<NamedTensor> weights = weights_of(1, 0);
  WeightAverage first(weights, 0.9), second(weights, 0.9);
  weights[0].tensor.fill(3);
  first.update(weights);
  second.load(first.state(), first.updates());
  weights[0].tensor.fill(7);
  first.update(weights);
  second.update(weights);
  CHECK(first.state()[0].tensor.to_vector<double>() ==
        second.state()[0].tensor.to_vector<double>());
  CHECK_THROWS_WITH(first.update({weights[0]}), doctest::Contains("of 2 tensors, got 1"));
  CHECK_THROWS_WITH(second.load({weights[0]}, 1), doctest::Contains("missing: steps"));
  CHECK_THROWS_AS(WeightAverage(weights, 1), Error);
}
