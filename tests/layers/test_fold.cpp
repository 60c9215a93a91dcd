// Folding batch norms into convolutions: the same function, faster, and no longer to be trained.
#include <doctest/doctest.h>

#include "layers/conv.h"
#include "layers/fold.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "layers/norm.h"
#include "layers/pool.h"
#include "tests/support/tensors.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

ConvLayerOptions convolution(std::int64_t in, std::int64_t out, bool bias) {
  return ConvLayerOptions::cube(in, out, 3, 1, 1, bias);
}

std::shared_ptr<BatchNorm> norm_of(Rng& rng, std::int64_t channels, Activation activation,
                                   std::int64_t pool = 1) {
  auto norm = std::make_shared<BatchNorm>(
      BatchNormOptions{.channels = channels, .activation = activation, .pool = pool});
  norm->weight.value().copy_from(random_normal(rng, {channels}, DType::f32));
  norm->bias.value().copy_from(random_normal(rng, {channels}, DType::f32));
  norm->running_mean.copy_from(random_normal(rng, {channels}, DType::f32));
  norm->running_var.copy_from(random_uniform(rng, {channels}, 0.2, 2, DType::f32));
  return norm;
}

/// Every kind of pair: with bias and without, transposed, with pooling between and in the norm, and
/// a convolution with an activation of its own, behind which a norm cannot be folded.
std::shared_ptr<Sequential> make_net(bool other_weights = false) {
  Rng rng(other_weights ? 4 : 3);
  auto net = std::make_shared<Sequential>();
  net->add("0", std::make_shared<Conv3d>(convolution(3, 5, true)));
  net->add("1", norm_of(rng, 5, Activation::leaky_relu(0.2)));
  net->add("2", std::make_shared<MaxPool>(2));
  net->add("3", std::make_shared<ConvTranspose3d>(ConvLayerOptions::cube(5, 4, 4, 2, 1, false)));
  net->add("4", norm_of(rng, 4, Activation::elu()));
  ConvLayerOptions active = convolution(4, 2, true);
  active.activation = Activation::relu();
  net->add("5", std::make_shared<Conv3d>(active));
  net->add("6", norm_of(rng, 2, Activation::identity()));
  net->add("7", std::make_shared<Conv3d>(convolution(2, 3, true)));
  net->add("8", norm_of(rng, 3, Activation::relu(), 2));
  for (const auto& [name, parameter] : net->parameters())
    if (name == "0.weight" || name == "3.weight" || name == "5.weight" || name == "0.bias" ||
        name == "7.weight")
      parameter.value().copy_from(random_normal(rng, parameter.shape(), DType::f32));
  net->train(false);
  return net;
}

Tensor run(Sequential& net, std::int64_t batch, DType dtype) {
  Rng rng(5);
  const NoGrad no_grad;
  return net.forward(Variable(random_normal(rng, {batch, 4, 6, 4, 3}, dtype))).value();
}

}  // namespace

TEST_CASE("a folded network computes the same") {
  for (const DType dtype : {DType::f64, DType::f32}) {
    const auto plain = make_net(), folded = make_net();
    plain->to(dtype);
    folded->to(dtype);
    fold_for_inference(*folded);
    CHECK(folded->steps().size() == 7);  // the norm behind an activation stays, and a pooling
    const double bound = dtype == DType::f64 ? 1e-13 : 2e-6;
    for (const std::int64_t batch : {1, 3, 1, 2})  // prepared layers meet new sizes and old ones
      CHECK(max_relative_error(run(*folded, batch, dtype), run(*plain, batch, dtype)) <= bound);
  }
}

TEST_CASE("a folded network runs in bf16") {
  const auto plain = make_net(), folded = make_net();
  fold_for_inference(*folded);
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
  const Tensor expected = net->forward(x).value();
  fold_for_inference(*net);
  CHECK(max_relative_error(net->forward(x).value(), expected) <= 1e-6);
  CHECK(max_relative_error(net->forward(Variable(x.value().to(DType::bf16))).value(), expected) <
        0.03);
}

TEST_CASE("a folded network says what it cannot do") {
  const auto net = make_net();
  const std::vector<NamedTensor> weights = make_net(true)->state();
  fold_for_inference(*net);
  CHECK(net->folded());
  CHECK_FALSE(net->training());
  CHECK_NOTHROW(net->train(false));
  CHECK_THROWS_WITH(net->train(), doctest::Contains("folded for inference and cannot be trained"));
  CHECK_THROWS_WITH(net->state(), doctest::Contains("cannot be saved or loaded"));
  CHECK_THROWS_WITH(net->load_state(weights), doctest::Contains("cannot be saved or loaded"));
  CHECK_THROWS_WITH(fold_for_inference(*net), doctest::Contains("already"));
  for (const auto& [name, parameter] : net->parameters()) CHECK_FALSE(parameter.requires_grad());
  const Variable x(Tensor::zeros({1, 4, 4, 4, 3}), true);
  CHECK_FALSE(net->forward(x).requires_grad());
}
