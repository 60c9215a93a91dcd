// Adam, SGD and the milestone schedule against PyTorch in f64 (tests/golden/layers.json): the
// parameters after every step.
#include <doctest/doctest.h>

#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "tests/support/golden.h"

namespace voxgrad {
namespace {

constexpr double tolerance = 1e-10;

using nlohmann::json;

std::unique_ptr<Optimizer> make_optimizer(const json& golden_case,
                                          const std::vector<ParameterEntry>& parameters) {
  const json& options = golden_case.at("options");
  const double rate = options.at("lr");
  if (golden_case.at("optimizer") == "SGD")
    return make_sgd(parameters, {rate}, options.at("momentum"));
  AdamOptions hyper;
  if (options.contains("betas")) {
    hyper.beta1 = options.at("betas")[0];
    hyper.beta2 = options.at("betas")[1];
  }
  hyper.eps = options.value("eps", hyper.eps);
  return make_adam(parameters, {rate}, hyper);
}

/// The rate of a step, one step an epoch.
double scheduled_rate(const json& golden_case, std::int64_t step) {
  const json& milestones = golden_case.at("milestones");
  const double base = golden_case.at("options").at("lr");
  if (milestones.is_null()) return base;
  return multi_step_lr(base, milestones.at("epochs"), milestones.at("gamma"), step);
}

void check_case(const json& golden_case) {
  std::vector<ParameterEntry> parameters;
  for (const json& description : golden_case.at("parameters"))
    parameters.push_back({concat("parameter ", parameters.size()),
                          Variable(golden::formula_tensor(description), true), 0,
                          golden_case.at("options").value("weight_decay", 0.0)});
  const auto optimizer = make_optimizer(golden_case, parameters);

  const std::size_t steps = golden_case.at("gradients").size();
  for (std::size_t step = 0; step < steps; ++step) {
    CAPTURE(step);
    const double rate = scheduled_rate(golden_case, std::int64_t(step));
    CHECK(rate ==
          doctest::Approx(golden_case.at("learning_rates")[step].get<double>()).epsilon(1e-14));
    optimizer->set_learning_rates({rate});
    optimizer->zero_grad();
    for (std::size_t i = 0; i < parameters.size(); ++i)
      parameters[i].variable.backward(golden::formula_tensor(golden_case.at("gradients")[step][i]));
    optimizer->step();
    for (std::size_t i = 0; i < parameters.size(); ++i)
      CHECK(golden::difference(golden::values(parameters[i].variable.value()),
                               golden_case.at("values")[step][i]) <= tolerance);
  }
}

}  // namespace

TEST_CASE("optimizers and schedule agree with PyTorch") {
  const json cases = golden::load_json("layers.json").at("optimizers");
  CHECK(cases.size() >= 7);
  for (const json& golden_case : cases) {
    const std::string name = golden_case.at("name");
    CAPTURE(name);
    check_case(golden_case);
  }
}

}  // namespace voxgrad
