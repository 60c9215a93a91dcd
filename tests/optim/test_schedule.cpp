#include <doctest/doctest.h>

#include <cmath>

#include "optim/optimizer.h"
#include "optim/schedule.h"

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

TEST_CASE("Adam's betas are those of the first and of the second moment") {
  Variable x(Tensor::from(std::vector<double>{1}, {1}), true);
  const auto adam = make_adam({{"x", x, 0}}, {0.1}, {.beta1 = 0.5, .beta2 = 0.75, .eps = 1e-8});
  double m = 0, v = 0, expected = 1;
  const double gradients[] = {3, -1, 0.5};
  for (int step = 1; step <= 3; ++step) {
    const double g = gradients[step - 1];
    x.zero_grad();
    x.backward(Tensor::full({1}, g, DType::f64));
    adam->step();
    m = 0.5 * m + 0.5 * g;
    v = 0.75 * v + 0.25 * g * g;
    expected -=
        0.1 * (m / (1 - std::pow(0.5, step))) / (std::sqrt(v / (1 - std::pow(0.75, step))) + 1e-8);
    CHECK(x.value().item() == doctest::Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("optimizer state survives a round trip and refuses what does not fit") {
  const auto make = [](const char* name) {
    Variable x(Tensor::from(std::vector<double>{0}, {1}), true);
    x.backward(Tensor::from(std::vector<double>{1}, {1}));
    return make_adam({{name, x, 0}}, {0.1});
  };
  auto first = make("x"), second = make("x"), other = make("y");
  first->step();
  std::vector<NamedTensor> copy;
  for (const auto& [name, tensor] : first->state()) copy.push_back({name, tensor.clone()});
  second->load_state(copy);
  CHECK(second->state()[0].tensor.to_vector<double>() ==
        first->state()[0].tensor.to_vector<double>());
  CHECK(second->state()[2].tensor.to_vector<std::int64_t>()[0] == 1);
  CHECK_THROWS_WITH(other->load_state(copy), doctest::Contains("missing: y/exp_avg"));
  CHECK_THROWS_WITH(other->load_state(copy), doctest::Contains("not in the optimizer: x/step [1]"));
  copy[0].tensor = Tensor::zeros({3}, DType::f64);
  CHECK_THROWS_WITH(
      second->load_state(copy),
      "[optimizer] the saved state does not fit:\n  wrong shape: x/exp_avg is [3], the optimizer "
      "has [1]");
}

TEST_CASE("each parameter moves at the rate of its index, and rates may be set anew") {
  const auto make = [](bool adam, std::vector<Variable>& variables) {
    std::vector<ParameterEntry> parameters;
    for (int i = 0; i < 2; ++i) {
      variables.emplace_back(Tensor::from(std::vector<double>{0}, {1}), true);
      parameters.push_back({concat("p", i), variables.back(), std::size_t(1 - i)});
    }
    return adam ? make_adam(parameters, {0.25, 0.5}) : make_sgd(parameters, {0.25, 0.5}, 0);
  };
  for (const bool is_adam : {false, true}) {
    CAPTURE(is_adam);
    std::vector<Variable> x;
    const auto optimizer = make(is_adam, x);
    CHECK(optimizer->learning_rates() == std::vector<double>{0.25, 0.5});
    for (Variable& each : x) each.backward(Tensor::from(std::vector<double>{1}, {1}));
    optimizer->step();
    CHECK(x[0].value().item() == doctest::Approx(-0.5));
    CHECK(x[1].value().item() == doctest::Approx(-0.25));
    optimizer->set_learning_rates({2, 4});
    optimizer->step();
    CHECK(x[0].value().item() == doctest::Approx(-4.5));
    CHECK(x[1].value().item() == doctest::Approx(-2.25));
  }
}

TEST_CASE("a wrong number of learning rates is refused") {
  const Variable x(Tensor::from(std::vector<double>{0}, {1}), true);
  const auto sgd = make_sgd({{"x", x, 0}}, {0.1}, 0);
  CHECK_THROWS_WITH(sgd->set_learning_rates({}), doctest::Contains("expects 1"));
  CHECK_THROWS_WITH(sgd->set_learning_rates({1, 2}), doctest::Contains("got 2"));
  CHECK_NOTHROW(sgd->set_learning_rates({1}));
  CHECK_THROWS_WITH(make_sgd({{"weight", x, 1}}, {0.1}, 0),
                    doctest::Contains("weight has no learning rate"));
}

TEST_CASE("SGD's momentum continues after its state was saved and loaded") {
  Variable a(Tensor::from(std::vector<double>{0}, {1}), true);
  Variable b(Tensor::from(std::vector<double>{0}, {1}), true);
  const auto step = [](Variable& x, Optimizer& optimizer) {
    optimizer.zero_grad();
    x.backward(Tensor::from(std::vector<double>{1}, {1}));
    optimizer.step();
  };
  const auto first = make_sgd({{"x", a, 0}}, {0.1}, 0.9);
  const auto second = make_sgd({{"x", b, 0}}, {0.1}, 0.9);
  CHECK(std::string(first->type()) == "sgd");
  step(a, *first);
  CHECK(first->state().at(0).name == "x/momentum_buffer");
  std::vector<NamedTensor> copy{{first->state()[0].name, first->state()[0].tensor.clone()}};
  second->load_state(copy);
  step(b, *second);
  CHECK(b.value().item() == doctest::Approx(-0.19));
  copy[0].tensor = Tensor::zeros({2});
  CHECK_THROWS_WITH(second->load_state(copy), doctest::Contains("wrong shape: x/momentum_buffer"));
  copy[0] = {"x/momentum_buffer", Tensor::zeros({1}, DType::f64)};
  copy.push_back({"y/momentum_buffer", Tensor::zeros({1}, DType::f64)});
  CHECK_THROWS_WITH(second->load_state(copy),
                    doctest::Contains("not in the optimizer: y/momentum_buffer"));
}

TEST_CASE("a cosine falls from 1 to its final factor, half-way in the middle") {
  CHECK(cosine_factor(0, 10, 0.1) == 1);
  CHECK(cosine_factor(5, 10, 0.1) == doctest::Approx(0.55));
  CHECK(cosine_factor(10, 10, 0.1) == doctest::Approx(0.1));
  CHECK(cosine_factor(12, 10, 0.1) == doctest::Approx(0.1));
  CHECK(cosine_factor(2.5, 10, 0) == doctest::Approx((1 + std::sqrt(0.5)) / 2));
}

TEST_CASE("a warm-up rises in a line and then is over") {
  CHECK(warmup_factor(0.5, 2) == 0.25);
  CHECK(warmup_factor(2, 2) == 1);
  CHECK(warmup_factor(7, 2) == 1);
  CHECK(warmup_factor(0, 0) == 1);
}

TEST_CASE("decoupled weight decay shrinks parameters apart from the moments") {
  Variable x(Tensor::from(std::vector<double>{2}, {1}), true);
  Variable y(Tensor::from(std::vector<double>{2}, {1}), true);
  const auto sgd = make_sgd({{"x", x, 0, 0.5}, {"y", y, 0}}, {0.1}, 0.9);
  x.backward(Tensor::from(std::vector<double>{1}, {1}));
  y.backward(Tensor::from(std::vector<double>{1}, {1}));
  sgd->step();
  CHECK(x.value().item() == doctest::Approx(2 * (1 - 0.1 * 0.5) - 0.1));
  CHECK(y.value().item() == doctest::Approx(2 - 0.1));
  CHECK(sgd->state()[0].tensor.item() == 1);
}
