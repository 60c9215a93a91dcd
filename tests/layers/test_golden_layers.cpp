// Every layer function against PyTorch in f64: results, gradients of all inputs, running
// statistics. The cases, and the names by which they find our functions, are in
// tests/golden/layers.json.
#include <doctest/doctest.h>

#include <functional>
#include <map>

#include "autograd/functions.h"
#include "layers/activation.h"
#include "layers/conv.h"
#include "layers/linear.h"
#include "layers/loss.h"
#include "layers/norm.h"
#include "layers/pool.h"
#include "layers/views.h"
#include "tests/support/golden.h"

namespace voxgrad {
namespace {

constexpr double tolerance = 1e-10;

using nlohmann::json;
using Inputs = std::map<std::string, Variable>;
using Function = std::function<Variable(const Inputs&, const json& options)>;

Activation activation_of(const json& options) {
  static const std::map<std::string, ActivationKind> kinds{
      {"identity", ActivationKind::identity},
      {"relu", ActivationKind::relu},
      {"leaky_relu", ActivationKind::leaky_relu},
      {"elu", ActivationKind::elu},
      {"sigmoid", ActivationKind::sigmoid}};
  return {kinds.at(options.value("activation", "identity")), options.value("alpha", 0.0)};
}

/// One number per axis; a missing depth becomes `depth`.
Triple triple(const json& per_axis, std::int64_t depth) {
  const auto axes = per_axis.get<std::vector<std::int64_t>>();
  return axes.size() == 3 ? Triple{axes[0], axes[1], axes[2]} : Triple{depth, axes[0], axes[1]};
}

ConvOptions conv_options(const json& options) {
  return {triple(options.at("stride"), 1), triple(options.at("padding"), 0)};
}

Variable optional(const Inputs& inputs, const std::string& name) {
  const auto found = inputs.find(name);
  return found == inputs.end() ? Variable() : found->second;
}

Variable run_batch_norm(const Inputs& in, const json& options) {
  return batch_norm(in.at("x"), in.at("weight"), in.at("bias"), in.at("running_mean").value(),
                    in.at("running_var").value(),
                    {.groups = options.at("groups"),
                     .training = options.at("training"),
                     .momentum = options.at("momentum"),
                     .eps = options.at("eps"),
                     .activation = activation_of(options)});
}

const std::map<std::string, Function>& functions() {
  static const std::map<std::string, Function> table{
      {"conv",
       [](const Inputs& in, const json& options) {
         return conv(in.at("x"), in.at("weight"), optional(in, "bias"), conv_options(options),
                     activation_of(options));
       }},
      {"conv_transpose",
       [](const Inputs& in, const json& options) {
         return conv_transpose(in.at("x"), in.at("weight"), optional(in, "bias"),
                               conv_options(options), activation_of(options));
       }},
      {"batch_norm", run_batch_norm},
      {"activation",
       [](const Inputs& in, const json& options) {
         return activation(in.at("x"), activation_of(options));
       }},
      {"max_pool",
       [](const Inputs& in, const json& options) {
         return max_pool(in.at("x"), triple(options.at("kernel_size"), 1),
                         triple(options.at("stride"), 1));
       }},
      {"linear",
       [](const Inputs& in, const json& options) {
         return linear(in.at("x"), in.at("weight"), optional(in, "bias"), activation_of(options));
       }},
      {"softmax_over_views",
       [](const Inputs& in, const json&) { return softmax_over_views(in.at("x")); }},
      {"weighted_sum_over_views",
       [](const Inputs& in, const json&) {
         return weighted_sum_over_views(in.at("weights"), in.at("x"));
       }},
      {"clamp",
       [](const Inputs& in, const json& options) {
         return clamp(in.at("x"), options.at("low"), options.at("high"));
       }},
      {"concat_channels",
       [](const Inputs& in, const json&) { return concat_channels(in.at("a"), in.at("b")); }},
      {"binary_cross_entropy",
       [](const Inputs& in, const json&) {
         return binary_cross_entropy(in.at("probability"), in.at("target").value());
       }},
      {"focal_loss",
       [](const Inputs& in, const json& options) {
         return focal_loss(in.at("probability"), in.at("target").value(), options.at("gamma"));
       }},
      {"dice_loss",
       [](const Inputs& in, const json& options) {
         return dice_loss(in.at("probability"), in.at("target").value(), options.at("smoothing"));
       }},
  };
  return table;
}

void check_case(const json& golden_case) {
  Inputs inputs;
  for (const auto& [name, description] : golden_case.at("inputs").items())
    inputs[name] =
        Variable(golden::formula_tensor(description), description.value("gradient", true));

  const Variable output =
      functions().at(golden_case.at("function"))(inputs, golden_case.at("options"));
  CHECK(golden::difference(golden::to_pytorch_order(output.value()), golden_case.at("output")) <=
        tolerance);

  output.backward(golden::formula_tensor(golden_case.at("cotangent")));
  for (const auto& [key, gradient] : golden_case.at("gradients").items()) {
    const std::string& name = key;
    CAPTURE(name);
    REQUIRE(inputs.at(name).grad().defined());
    CHECK(golden::difference(golden::to_pytorch_order(inputs.at(name).grad()), gradient) <=
          tolerance);
  }
  if (!golden_case.contains("buffers")) return;
  for (const auto& [key, buffer] : golden_case.at("buffers").items()) {
    const std::string& name = key;
    CAPTURE(name);
    CHECK(golden::difference(golden::values(inputs.at(name).value()), buffer) <= tolerance);
  }
}

}  // namespace

TEST_CASE("layers agree with PyTorch") {
  const json cases = golden::load_json("layers.json").at("layers");
  CHECK(cases.size() >= 50);
  for (const json& golden_case : cases) {
    const std::string name = golden_case.at("name");
    CAPTURE(name);
    check_case(golden_case);
  }
}

}  // namespace voxgrad
