#include <doctest/doctest.h>

#include <cmath>

#include "layers/activation.h"
#include "layers/conv.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "layers/norm.h"
#include "layers/pool.h"
#include "tests/support/tensors.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

std::shared_ptr<Sequential> make_net() {
  auto net = std::make_shared<Sequential>();
  net->add("0", std::make_shared<Conv2d>(ConvLayerOptions::cube(3, 4, 3, 1, 1)));
  net->add("1", std::make_shared<BatchNorm2d>(
                    BatchNormOptions{.channels = 4, .activation = Activation::relu()}));
  net->add("3", std::make_shared<MaxPool>(2));
  return net;
}

std::vector<std::string> names(const std::vector<NamedTensor>& tensors) {
  std::vector<std::string> result;
  for (const auto& [name, tensor] : tensors) result.push_back(name);
  return result;
}

}  // namespace

TEST_CASE("a state dict lists parameters and buffers under dotted names, in order") {
  CHECK(names(make_net()->state()) ==
        std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean",
                                 "1.running_var", "1.num_batches_tracked"});
}

TEST_CASE("loading a state is strict and says what does not fit") {
  auto net = make_net();
  auto state = net->state();
  for (auto& [name, tensor] : state) tensor = tensor.clone();
  state[0].tensor.fill(0.5);
  net->load_state(state);
  CHECK(net->state()[0].tensor.to_vector<float>()[0] == 0.5f);

  state[1].name = "0.offset";
  state[2].tensor = Tensor::zeros({5});
  CHECK_THROWS_WITH_AS(
      net->load_state(state),
      "[load_state] the weights do not fit this model:\n  missing: 0.bias [4]\n  wrong shape: "
      "1.weight is [5], the model has [4]\n  not in the model: 0.offset [4]",
      Error);
}

TEST_CASE("node names carry the path of the module") {
  auto net = make_net();
  const Variable y = (*net)("trunk", Variable(Tensor::full({1, 4, 4, 3}, 0.25)));
  REQUIRE(y.node());
  CHECK(y.node()->name == "trunk.3/max_pool");
  CHECK(y.node()->inputs[0].node()->name == "trunk.1/batch_norm");
}

TEST_CASE("frozen parameters get no gradient, and batch norm keeps counting") {
  auto net = make_net();
  net->set_requires_grad(false);
  set_batch_norm_groups(*net, 2);
  const Variable y = net->forward(Variable(Tensor::full({2, 4, 4, 3}, 0.25)));
  CHECK_FALSE(y.requires_grad());
  CHECK(net->state()[6].tensor.to_vector<std::int64_t>()[0] == 2);
  net->train(false);
  net->forward(Variable(Tensor::full({2, 4, 4, 3}, 0.25)));
  CHECK(net->state()[6].tensor.to_vector<std::int64_t>()[0] == 2);
}

TEST_CASE("batch norm overwrites its input only where it may and nothing is to be remembered") {
  Rng rng(4);
  const Tensor start = random_normal(rng, {3, 5, 5, 4});
  const auto run = [&](bool may_overwrite, bool trained, Tensor& input) {
    input = start.clone();
    const Tensor gamma = Tensor::full({4}, 1.5, DType::f64),
                 beta = Tensor::full({4}, 0.5, DType::f64);
    return batch_norm(
               Variable(input), Variable(gamma, trained), Variable(beta), Tensor(), Tensor(),
               {.training = true, .activation = Activation::elu(), .may_overwrite = may_overwrite})
        .value();
  };
  Tensor kept, frozen, trained;
  const Tensor expected = run(false, false, kept);
  CHECK(identical(kept, start));
  CHECK(identical(run(true, false, frozen), expected));
  CHECK(identical(frozen, expected));
  CHECK(identical(run(true, true, trained), expected));
  CHECK(identical(trained, start));
}

TEST_CASE("a batch norm that pools is a batch norm and a pooling behind it") {
  Rng rng(5);
  const auto norm_options = [](std::int64_t pool) {
    return BatchNormOptions{.channels = 4, .activation = Activation::relu(), .pool = pool};
  };
  BatchNorm joined(norm_options(3)), alone(norm_options(1));
  for (BatchNorm* norm : {&joined, &alone}) {
    norm->to(DType::f64);
    norm->set_groups(2);
  }
  MaxPool pool(3);
  const Tensor x = random_normal(rng, {4, 7, 6, 4}), dy = random_normal(rng, {4, 2, 2, 4});
  for (const bool training : {true, false}) {
    joined.train(training);
    alone.train(training);
    const Variable a(x, true), b(x, true);
    const Variable y = joined.forward(a), expected = pool.forward(alone.forward(b));
    CHECK(identical(y.value(), expected.value()));
    y.backward(dy);
    expected.backward(dy);
    CHECK(max_relative_error(a.grad(), b.grad()) < 1e-12);
    CHECK(max_relative_error(joined.weight.grad(), alone.weight.grad()) < 1e-12);
    CHECK(max_relative_error(joined.bias.grad(), alone.bias.grad()) < 1e-12);
    CHECK(identical(joined.running_mean, alone.running_mean));
    CHECK(identical(joined.running_var, alone.running_var));
    const NoGrad no_history;
    CHECK(identical(joined.forward(a).value(), y.value()));
    alone.forward(b);
  }
}

TEST_CASE("a bias that a batch norm takes away is left out, and the running mean has it") {
  Rng rng(6);
  const Tensor x = random_normal(rng, {4, 5, 5, 3}), dy = random_normal(rng, {4, 5, 5, 4});
  const auto make = [](bool follow) {
    auto net = std::make_shared<Sequential>();
    const auto conv =
        net->add("0", std::make_shared<Conv2d>(ConvLayerOptions::cube(3, 4, 3, 1, 1)));
    const auto norm = net->add("1", std::make_shared<BatchNorm>(BatchNormOptions{
                                        .channels = 4, .activation = Activation::elu()}));
    net->to(DType::f64);
    Rng weights(7);
    conv->weight.value().copy_from(random_normal(weights, conv->weight.shape()));
    conv->bias.value().copy_from(random_normal(weights, conv->bias.shape()));
    if (follow) norm->follow(conv);
    norm->set_groups(2);
    return net;
  };
  const auto plain = make(false), following = make(true);
  const auto convolved = [&](Sequential& net) {
    return net.steps()[0].second->forward(Variable(x)).value();
  };
  const auto compare = [&] {
    const Variable a(x, true), b(x, true);
    const Variable y = following->forward(a), expected = plain->forward(b);
    CHECK(max_relative_error(y.value(), expected.value()) < 1e-12);
    y.backward(dy);
    expected.backward(dy);
    CHECK(max_relative_error(a.grad(), b.grad()) < 1e-12);
    for (std::size_t i = 2; i < 6; ++i) {  // the norm's tensors
      CAPTURE(following->state()[i].name);
      CHECK(max_relative_error(following->state()[i].tensor, plain->state()[i].tensor) < 1e-12);
    }
  };
  CHECK(max_relative_error(convolved(*following), convolved(*plain)) > 0.01);
  compare();
  CHECK(following->parameters()[1].variable.grad().to_vector<double>() ==
        std::vector<double>(4, 0));
  for (const auto& net : {plain, following}) net->train(false);
  CHECK(identical(convolved(*following), convolved(*plain)));
  compare();
  // Each part asks for itself whether it is in training.
  following->steps()[1].second->train();
  plain->steps()[1].second->train();
  compare();
}

TEST_CASE("initialisation has PyTorch's variances and is reproducible") {
  const auto deviation = [](const Tensor& tensor) {
    double total = 0;
    for (const float value : tensor.to_vector<float>()) total += double(value) * value;
    return std::sqrt(total / double(tensor.numel()));
  };
  Conv3d conv(ConvLayerOptions::cube(32, 64, 3));
  ConvTranspose3d transposed(ConvLayerOptions::cube(64, 32, 4, 2, 1, false));
  Linear linear({.in_features = 300, .out_features = 200});
  for (Module* module : std::initializer_list<Module*>{&conv, &transposed, &linear})
    initialize(*module, 7);
  CHECK(deviation(conv.weight.value()) ==
        doctest::Approx(std::sqrt(2.0 / (32 * 27))).epsilon(0.02));
  // The fan-in of a transposed convolution counts its OUTPUT channels.
  CHECK(deviation(transposed.weight.value()) ==
        doctest::Approx(std::sqrt(2.0 / (32 * 64))).epsilon(0.02));
  CHECK(deviation(linear.weight.value()) == doctest::Approx(0.01).epsilon(0.02));
  CHECK(deviation(conv.bias.value()) == 0);

  Conv3d again(ConvLayerOptions::cube(32, 64, 3));
  initialize(again, 7);
  CHECK(again.weight.value().to_vector<float>() == conv.weight.value().to_vector<float>());
  initialize(again, 8);
  CHECK(again.weight.value().to_vector<float>() != conv.weight.value().to_vector<float>());
}
