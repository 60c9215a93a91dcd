#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "layers/activation.h"
#include "layers/conv_block.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "layers/loss.h"
#include "layers/norm.h"
#include "layers/pool.h"
#include "tests/support/tensors.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

ConvLayerOptions conv_options(std::int64_t in_channels, std::int64_t out_channels) {
  return {.in_channels = in_channels,
          .out_channels = out_channels,
          .kernel_size = each_axis(3),
          .padding = each_axis(1)};
}

std::shared_ptr<Sequential> make_net() {
  auto net = std::make_shared<Sequential>();
  net->add("0", std::make_shared<Conv2d>(conv_options(3, 4)));
  net->add("1", std::make_shared<BatchNorm>(
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
  const auto net = std::make_shared<Sequential>();
  net->add("trunk", make_net());
  const Variable y = (*net)(Variable(Tensor::full({1, 4, 4, 3}, 0.25)));
  REQUIRE(y.node());
  CHECK(y.node()->name == "trunk.3/max_pool");
  CHECK(y.node()->inputs[0].node()->name == "trunk.1/batch_norm");
}

TEST_CASE("frozen parameters get no gradient, and batch norm keeps counting") {
  auto net = make_net();
  net->set_requires_grad(false);
  const Variable x(Tensor::full({2, 4, 4, 3}, 0.25));
  const Variable y = (*net)(x, {.n_views = 2});
  CHECK_FALSE(y.requires_grad());
  CHECK(net->state()[6].tensor.to_vector<std::int64_t>()[0] == 2);
  net->train(false);
  (*net)(x, {.n_views = 2});
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

TEST_CASE("a batch norm that pools is a batch norm followed by a pooling") {
  Rng rng(5);
  const auto norm_options = [](std::int64_t pool) {
    return BatchNormOptions{.channels = 4, .activation = Activation::relu(), .pool = pool};
  };
  BatchNorm joined(norm_options(3)), alone(norm_options(1));
  for (BatchNorm* norm : {&joined, &alone}) norm->to(DType::f64);
  const ForwardContext views{.n_views = 2};
  MaxPool pool(3);
  const Tensor x = random_normal(rng, {4, 7, 6, 4}), dy = random_normal(rng, {4, 2, 2, 4});
  for (const bool training : {true, false}) {
    joined.train(training);
    alone.train(training);
    const Variable a(x, true), b(x, true);
    const Variable y = joined(a, views), expected = pool(alone(b, views));
    CHECK(identical(y.value(), expected.value()));
    y.backward(dy);
    expected.backward(dy);
    CHECK(max_relative_error(a.grad(), b.grad()) < 1e-12);
    CHECK(max_relative_error(joined.weight.grad(), alone.weight.grad()) < 1e-12);
    CHECK(max_relative_error(joined.bias.grad(), alone.bias.grad()) < 1e-12);
    CHECK(identical(joined.running_mean, alone.running_mean));
    CHECK(identical(joined.running_var, alone.running_var));
    const NoGrad no_history;
    CHECK(identical(joined(a, views).value(), y.value()));
    alone(b, views);
  }
}

TEST_CASE("a block is its convolution and its norm, without a bias that the norm takes away") {
  Rng rng(6);
  const Tensor x = random_normal(rng, {4, 6, 6, 3}), dy = random_normal(rng, {4, 3, 3, 4});
  const ForwardContext views{.n_views = 2};
  const auto prepare = [](Module& net) {
    net.to(DType::f64);
    Rng weights(7);
    for (const auto& [name, parameter] : net.parameters())
      parameter.value().copy_from(random_normal(weights, parameter.shape()));
  };
  ConvBlock block(std::make_shared<Conv2d>(conv_options(3, 4)),
                  {.activation = Activation::elu(), .pool = 2});
  Sequential plain;
  plain.add("0", std::make_shared<Conv2d>(conv_options(3, 4)));
  plain.add("1", std::make_shared<BatchNorm>(
                     BatchNormOptions{.channels = 4, .activation = Activation::elu(), .pool = 2}));
  prepare(block);
  prepare(plain);
  CHECK(names(block.state()) == names(plain.state()));
  const auto compare = [&] {
    const Variable a(x, true), b(x, true);
    const Variable y = block(a, views), expected = plain(b, views);
    CHECK(max_relative_error(y.value(), expected.value()) < 1e-12);
    block.zero_grad();
    plain.zero_grad();
    y.backward(dy);
    expected.backward(dy);
    CHECK(max_relative_error(a.grad(), b.grad()) < 1e-12);
    for (std::size_t i = 0; i < 4; ++i) {
      const Module::NamedVariable own = block.parameters()[i];
      CAPTURE(own.name);
      if (own.name != "0.bias")
        CHECK(max_relative_error(own.variable.grad(), plain.parameters()[i].variable.grad()) <
              1e-12);
    }
    for (std::size_t i = 4; i < 7; ++i) {  // running statistics and their count
      CAPTURE(block.state()[i].name);
      CHECK(max_relative_error(block.state()[i].tensor.to(DType::f64),
                               plain.state()[i].tensor.to(DType::f64)) < 1e-12);
    }
  };
  compare();
  const Tensor bias_gradient = block.convolution().bias.grad();
  CHECK(bias_gradient.to_vector<double>() == std::vector<double>(4, 0));
  {
    const NoGrad no_grad;  // the norm overwrites the convolution's result, and not x
    const Tensor before = x.clone();
    CHECK(max_relative_error(block(Variable(x), views).value(), plain(Variable(x), views).value()) <
          1e-12);
    CHECK(identical(x, before));
  }
  block.train(false);
  plain.train(false);
  compare();
  CHECK(block.convolution().bias.grad().to_vector<double>() != std::vector<double>(4, 0));
}

TEST_CASE("a child without a name adds no level, to names of tensors and of nodes") {
  Sequential net;
  for (const char* number : {"0", "3"})
    net.add("",
            std::make_shared<ConvBlock>(std::make_shared<Conv2d>(conv_options(3, 3)),
                                        ConvBlockOptions{.convolution_name = number,
                                                         .norm_name = std::string(number) + "n"}));
  CHECK(names(net.state())[0] == "0.weight");
  CHECK(names(net.state())[2] == "0n.weight");
  CHECK(names(net.state())[7] == "3.weight");
  const Variable y = net(Variable(Tensor::full({1, 4, 4, 3}, 0.25)));
  REQUIRE(y.node());
  CHECK(y.node()->name == "3n/batch_norm");
  CHECK(y.node()->inputs[0].node()->name == "3/conv2d");
}

TEST_CASE("two members of one name are refused") {
  const auto relu = [] { return std::make_shared<ActivationLayer>(Activation::relu()); };
  const auto block = [](const char* name) {
    return std::make_shared<ConvBlock>(std::make_shared<Conv2d>(conv_options(1, 1)),
                                       ConvBlockOptions{.convolution_name = name});
  };
  Sequential net;
  net.add("0", relu());
  CHECK_THROWS_WITH(net.add("0", relu()),
                    "[module] there is already a member named \"0\": each parameter, buffer and "
                    "child of a module needs a name of its own");
  net.add("", block("2"));
  CHECK_THROWS_WITH(net.add("2", relu()), doctest::Contains("already a member named \"2\""));
  CHECK_THROWS_WITH(net.add("", block("0")), doctest::Contains("already a member named \"0\""));
  CHECK_THROWS_WITH(block("1"), doctest::Contains("already a member named \"1\""));
  CHECK_THROWS_WITH(net.add("a.b", relu()), doctest::Contains("may not contain a dot"));
  CHECK_THROWS_WITH(net.add("x", std::shared_ptr<MaxPool>()), doctest::Contains("is null"));
  const auto shared = net.add("3", relu());
  CHECK(shared->name() == "3");
  CHECK_THROWS_WITH(net.add("4", shared), doctest::Contains("cannot be registered again"));

  struct Twice : Module {
    Twice() {
      register_parameter("weight", Tensor::zeros({1}));
      register_buffer("weight", &buffer);
    }
    Tensor buffer = Tensor::zeros({1});
  };
  CHECK_THROWS_WITH(Twice(), doctest::Contains("already a member named \"weight\""));
}

TEST_CASE("layers begin with PyTorch's values, which differ from layer to layer") {
  seed_layers(5);
  const Conv3d conv({.in_channels = 16, .out_channels = 40, .kernel_size = each_axis(3)});
  const ConvTranspose2d transposed(
      {.in_channels = 60, .out_channels = 25, .kernel_size = each_axis(4), .bias = false});
  const Linear linear({.in_features = 300, .out_features = 200});
  const auto check_uniform = [](const Tensor& tensor, double bound) {
    double low = 0, high = 0, squares = 0;
    const std::vector<float> values = tensor.to_vector<float>();
    for (const double value : values) {
      low = std::min(low, value);
      high = std::max(high, value);
      squares += value * value;
    }
    CHECK(low >= -bound);
    CHECK(high <= bound);
    if (values.size() < 1000) return;
    CHECK(low == doctest::Approx(-bound).epsilon(0.01).scale(0));
    CHECK(high == doctest::Approx(bound).epsilon(0.01).scale(0));
    CHECK(squares / double(values.size()) ==
          doctest::Approx(bound * bound / 3).epsilon(0.05).scale(0));
  };
  // torch.nn: bound 1/sqrt(fan_in); a transposed convolution's fan-in counts its OUTPUT channels.
  check_uniform(conv.weight.value(), 1 / std::sqrt(16 * 27.0));
  check_uniform(conv.bias.value(), 1 / std::sqrt(16 * 27.0));
  check_uniform(transposed.weight.value(), 1 / std::sqrt(25 * 16.0));
  check_uniform(linear.weight.value(), 1 / std::sqrt(300.0));
  CHECK(conv.bias.value().to_vector<float>()[0] != 0);
  CHECK(BatchNorm({.channels = 2}).weight.value().to_vector<float>() == std::vector<float>{1, 1});

  const auto weights = [](const Linear& layer) { return layer.weight.value().to_vector<float>(); };
  seed_layers(5);
  const Linear first({3, 4}), second({3, 4});
  seed_layers(5);
  const Linear again({3, 4});
  CHECK(weights(first) != weights(second));
  CHECK(weights(first) == weights(again));
  const NoInitialization none;
  CHECK(weights(Linear({3, 4})) == std::vector<float>(12, 0));
}

TEST_CASE("a net of one's own learns from its first values") {
  seed_layers(0);
  Sequential net;
  net.add("0",
          std::make_shared<Linear>(LinearOptions{
              .in_features = 2, .out_features = 8, .activation = Activation::leaky_relu(0.1)}));
  net.add("1", std::make_shared<Linear>(LinearOptions{
                   .in_features = 8, .out_features = 1, .activation = Activation::sigmoid()}));
  const Variable x(Tensor::from<float>({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}));
  const Tensor target = Tensor::from<float>({0, 1, 1, 1}, {4, 1});  // x0 or x1
  const double before = binary_cross_entropy(net(x), target).value().item();
  for (int step = 0; step < 200; ++step) {
    net.zero_grad();
    binary_cross_entropy(net(x), target).backward();
    for (const auto& [name, parameter] : net.parameters()) {
      float* const w = parameter.value().data<float>();
      for (std::int64_t i = 0; i < parameter.value().numel(); ++i)
        w[i] -= parameter.grad().data<float>()[i];
    }
  }
  CHECK(binary_cross_entropy(net(x), target).value().item() < before / 10);
}

TEST_CASE("the published initialisation has PyTorch's variances and is reproducible") {
  const auto deviation = [](const Tensor& tensor) {
    double total = 0;
    for (const float value : tensor.to_vector<float>()) total += double(value) * value;
    return std::sqrt(total / double(tensor.numel()));
  };
  const ConvLayerOptions options{
      .in_channels = 32, .out_channels = 64, .kernel_size = each_axis(3)};
  Conv3d conv(options);
  ConvTranspose3d transposed({.in_channels = 64,
                              .out_channels = 32,
                              .kernel_size = each_axis(4),
                              .stride = each_axis(2),
                              .padding = each_axis(1),
                              .bias = false});
  Linear linear({.in_features = 300, .out_features = 200});
  for (Module* module : std::initializer_list<Module*>{&conv, &transposed, &linear})
    initialize(*module, 7);
  CHECK(deviation(conv.weight.value()) ==
        doctest::Approx(std::sqrt(2.0 / (32 * 27))).epsilon(0.02).scale(0));
  // The fan-in of a transposed convolution counts its OUTPUT channels.
  CHECK(deviation(transposed.weight.value()) ==
        doctest::Approx(std::sqrt(2.0 / (32 * 64))).epsilon(0.02).scale(0));
  CHECK(deviation(linear.weight.value()) == doctest::Approx(0.01).epsilon(0.02).scale(0));
  CHECK(deviation(conv.bias.value()) == 0);

  Conv3d again(options);
  initialize(again, 7);
  CHECK(again.weight.value().to_vector<float>() == conv.weight.value().to_vector<float>());
  initialize(again, 8);
  CHECK(again.weight.value().to_vector<float>() != conv.weight.value().to_vector<float>());
}
