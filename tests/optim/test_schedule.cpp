#include <doctest/doctest.h>

#include "optim/optimizer.h"

using namespace voxgrad;

TEST_CASE("the milestone schedule multiplies at every milestone passed") {
  CHECK(multi_step_lr(1e-3, {150}, 0.5, 0) == 1e-3);
  CHECK(multi_step_lr(1e-3, {150}, 0.5, 149) == 1e-3);
  CHECK(multi_step_lr(1e-3, {150}, 0.5, 150) == 5e-4);
  CHECK(multi_step_lr(1, {2, 4}, 0.1, 5) == doctest::Approx(0.01));
}

TEST_CASE("Adam's first step has the size of its learning rate; parameters without gradient rest") {
  Variable moved(Tensor::from(std::vector<double>{1, 1}, {2}), true);
  Variable rests(Tensor::from(std::vector<double>{1}, {1}), true);
  auto adam = make_adam({{"moved", moved, 0}, {"rests", rests, 1}}, {0.1, 0.5});
  moved.backward(Tensor::from(std::vector<double>{3, -0.01}, {2}));
  adam->step();
  CHECK(moved.value().to_vector<double>()[0] == doctest::Approx(0.9).epsilon(1e-6));
  CHECK(moved.value().to_vector<double>()[1] == doctest::Approx(1.1).epsilon(1e-5));
  CHECK(rests.value().to_vector<double>()[0] == 1);
}

TEST_CASE("SGD keeps its momentum") {
  Variable x(Tensor::from(std::vector<double>{0}, {1}), true);
  auto sgd = make_sgd({{"x", x, 0}}, {0.1}, 0.9);
  for (int i = 0; i < 2; ++i) {
    sgd->zero_grad();
    x.backward(Tensor::from(std::vector<double>{1}, {1}));
    sgd->step();
  }
  CHECK(x.value().to_vector<double>()[0] == doctest::Approx(-0.1 - 0.19));
}

TEST_CASE("optimizer state survives a round trip and refuses what does not fit") {
  const auto make = [](const char* name) {
    Variable x(Tensor::from(std::vector<double>{0}, {1}), true);
    x.backward(Tensor::from(std::vector<double>{1}, {1}));
    return make_adam({{name, x, 0}}, {0.1});
  };
  auto first = make("x"), second = make("x"), other = make("y");
  first->step();
  std::vector<Optimizer::NamedState> copy;
  for (const auto& [name, tensor] : first->state()) copy.push_back({name, tensor.clone()});
  second->load_state(copy);
  CHECK(second->state()[0].tensor.to_vector<double>() ==
        first->state()[0].tensor.to_vector<double>());
  CHECK(second->state()[2].tensor.to_vector<std::int64_t>()[0] == 1);
  CHECK_THROWS_WITH(other->load_state(copy), doctest::Contains("missing: y/exp_avg"));
}
