// Folding batch norms into convolutions: the same function, faster, and no longer to be trained.
#include <doctest/doctest.h>

#include "layers/conv_block.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "layers/pool.h"
#include "tests/support/tensors.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

ConvLayerOptions convolution(std::int64_t in, std::int64_t out) {
  return {
      .in_channels = in, .out_channels = out, .kernel_size = each_axis(3), .padding = each_axis(1)};
}

std::shared_ptr<ConvBlock> block_of(Rng& rng, const std::shared_ptr<ConvLayer>& convolution,
                                    const ConvBlockOptions& options) {
  auto block = std::make_shared<ConvBlock>(convolution, options);
  const std::int64_t channels = convolution->options().out_channels;
  BatchNorm& norm = block->norm();
  norm.weight.value().copy_from(random_normal(rng, {channels}, DType::f32));
  norm.bias.value().copy_from(random_normal(rng, {channels}, DType::f32));
  norm.running_mean.copy_from(random_normal(rng, {channels}, DType::f32));
  norm.running_var.copy_from(random_uniform(rng, {channels}, 0.2, 2, DType::f32));
  return block;
}

/// Every kind of block: with bias and without, transposed, followed by a pooling and with one of
/// its own; and a convolution and a norm that are no block, which stay as they are.
std::shared_ptr<Sequential> make_net(std::uint64_t seed = 3) {
  Rng rng(seed);
  seed_layers(seed);
  auto net = std::make_shared<Sequential>();
  net->add("0", block_of(rng, std::make_shared<Conv3d>(convolution(3, 5)),
                         {.activation = Activation::leaky_relu(0.2)}));
  net->add("1", std::make_shared<MaxPool>(2));
  net->add("",
           block_of(rng,
                    std::make_shared<ConvTranspose3d>(ConvLayerOptions{.in_channels = 5,
                                                                       .out_channels = 4,
                                                                       .kernel_size = each_axis(4),
                                                                       .stride = each_axis(2),
                                                                       .padding = each_axis(1),
                                                                       .bias = false}),
                    {.activation = Activation::elu(), .convolution_name = "2", .norm_name = "3"}));
  ConvLayerOptions active = convolution(4, 2);
  active.activation = Activation::relu();
  net->add("4", std::make_shared<Conv3d>(active));
  net->add("5", std::make_shared<BatchNorm>(BatchNormOptions{.channels = 2}));
  net->add("6", block_of(rng, std::make_shared<Conv3d>(convolution(2, 3)),
                         {.activation = Activation::relu(), .pool = 2}));
  net->train(false);
  return net;
}

Tensor run(Sequential& net, std::int64_t batch, DType dtype) {
  Rng rng(5);
  const NoGrad no_grad;
  return net(Variable(random_normal(rng, {batch, 4, 6, 4, 3}, dtype))).value();
}

bool parameter_named(const Module& net, const std::string& name) {
  for (const auto& [each, parameter] : net.parameters())
    if (each == name) return true;
  return false;
}

}  // namespace

TEST_CASE("a folded network computes the same") {
  for (const DType dtype : {DType::f64, DType::f32}) {
    const auto plain = make_net(), folded = make_net();
    plain->to(dtype);
    folded->to(dtype);
    folded->fold_for_inference();
    CHECK(parameter_named(*folded, "2.bias"));  // which has taken up the norm
    CHECK_FALSE(parameter_named(*plain, "2.bias"));
    const double bound = dtype == DType::f64 ? 1e-13 : 2e-6;
    for (const std::int64_t batch : {1, 3, 1, 2})  // prepared layers meet new sizes and old ones
      CHECK(max_relative_error(run(*folded, batch, dtype), run(*plain, batch, dtype)) <= bound);
  }
}

TEST_CASE("a folded network runs in bf16") {
  const auto plain = make_net(), folded = make_net();
  folded->fold_for_inference();
  const Tensor expected = run(*plain, 2, DType::f32), y = run(*folded, 2, DType::bf16);
  CHECK(y.dtype() == DType::bf16);
  const double error = max_relative_error(y, expected);
  CHECK(error > 1e-4);
  CHECK(error < 0.05);
}

TEST_CASE("a folded linear layer keeps its weights") {
  Rng rng(6);
  auto net = std::make_shared<Sequential>();
  net->add("0", std::make_shared<Linear>(LinearOptions{
                    .in_features = 40, .out_features = 30, .activation = Activation::relu()}));
  initialize(*net, 1);
  const NoGrad no_grad;
  const Variable x(random_normal(rng, {2, 40}, DType::f32));
  const Tensor expected = (*net)(x).value();
  net->fold_for_inference();
  CHECK(max_relative_error((*net)(x).value(), expected) <= 1e-6);
  CHECK(max_relative_error((*net)(Variable(x.value().to(DType::bf16))).value(), expected) < 0.03);
}

TEST_CASE("a folded network says what it cannot do") {
  const auto net = make_net();
  const std::vector<NamedTensor> weights = make_net(4)->state();
  net->fold_for_inference();
  CHECK(net->folded());
  CHECK_FALSE(net->training());
  CHECK_NOTHROW(net->train(false));
  CHECK_THROWS_WITH(net->train(), doctest::Contains("folded for inference and cannot be trained"));
  CHECK_THROWS_WITH(net->state(), doctest::Contains("cannot be saved or loaded"));
  CHECK_THROWS_WITH(net->load_state(weights), doctest::Contains("cannot be saved or loaded"));
  CHECK_THROWS_WITH(net->fold_for_inference(), doctest::Contains("already"));
  for (const auto& [name, parameter] : net->parameters()) CHECK_FALSE(parameter.requires_grad());
  const Variable x(Tensor::zeros({1, 4, 4, 4, 3}), true);
  CHECK_FALSE((*net)(x).requires_grad());
}
