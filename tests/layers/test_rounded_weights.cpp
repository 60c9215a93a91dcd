// bf16 copies of weights: made once, and never out of date.
#include <doctest/doctest.h>

#include <functional>

#include "autograd/weight_cache.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "optim/optimizer.h"
#include "tensor/ops/backend.h"
#include "tests/support/tensors.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

struct Bench {
  Bench() {
    Rng rng(71);
    x = Variable(random_normal(rng, {6, 5}, DType::f32).to(DType::bf16));
    initialize(layer, 72);
  }
  Tensor result() { return layer(x).value(); }
  /// With a weight that nobody has met.
  Tensor expected() const {
    return linear(x, Variable(layer.weight.value().clone()), layer.bias).value();
  }
  void gradients() {
    layer.zero_grad();
    const Variable y = layer(x);
    y.backward(Tensor::full(y.shape(), 1, y.dtype()));
  }
  std::unique_ptr<Optimizer> adam() const {
    return make_adam({{"weight", layer.weight}, {"bias", layer.bias}}, {0.1});
  }

  Linear layer{{5, 4}};
  Variable x;
};

}  // namespace

TEST_CASE("weights are rounded to bf16 once") {
  Bench bench;
  bench.result();
  const Tensor copy = cached_bf16(bench.layer.weight);
  REQUIRE(copy.defined());
  CHECK(identical(copy, bench.layer.weight.value().to(DType::bf16)));
  bench.result();  // the weight's address was asked for just now
  CHECK(cached_bf16(bench.layer.weight).shares_storage_with(copy));
  copy.fill(0);  // what nobody may do shows that it is read
  const Tensor result = bench.result();
  CHECK_FALSE(identical(result, bench.expected()));
}

TEST_CASE("however a weight is changed, the next result is that of the new one") {
  using Change = std::function<void(Bench&)>;
  const auto value = [](Bench& bench) { return bench.layer.weight.value(); };
  const auto other = [] {
    Rng rng(73);
    return random_normal(rng, {4, 5}, DType::f32);
  };
  const std::pair<const char*, Change> changes[] = {
      {"load_state",
       [&](Bench& bench) {
         bench.layer.load_state({{"weight", other()}, {"bias", Tensor::zeros({4})}});
       }},
      {"copy_from", [&](Bench& bench) { value(bench).copy_from(other()); }},
      {"fill", [&](Bench& bench) { value(bench).fill(0.3); }},
      {"data", [&](Bench& bench) { value(bench).data<float>()[7] = 9; }},
      {"a slice", [&](Bench& bench) { value(bench).slice(1, 2).fill(4); }},
      {"state()", [&](Bench& bench) { bench.layer.state()[0].tensor.reshape({20}).fill(5); }},
      {"set_value", [&](Bench& bench) { bench.layer.weight.set_value(other()); }},
      {"initialize", [&](Bench& bench) { initialize(bench.layer, 74); }},
      {"to(dtype)",
       [&](Bench& bench) {
         bench.layer.to(DType::f64);
         value(bench).fill(0.7);
         bench.layer.to(DType::f32);
       }},
      {"set_precision",
       [&](Bench& bench) {
         set_precision(bench.layer, Precision::f32);
         value(bench).fill(0.1);
         set_precision(bench.layer, Precision::bf16);
       }},
      {"a kernel",
       [&](Bench& bench) { backend({}).elementwise.affine(value(bench), -2, 1, value(bench)); }},
      {"Adam",
       [&](Bench& bench) {
         bench.gradients();
         bench.adam()->step();
       }},
      {"SGD",
       [&](Bench& bench) {
         bench.gradients();
         make_sgd({{"weight", bench.layer.weight}}, {0.1}, 0.9)->step();
       }},
      {"a write and a step that is skipped",
       [&](Bench& bench) {
         bench.gradients();
         value(bench).fill(2);
         bench.adam()->step(Tensor::full({1}, 1));
       }},
  };
  for (const auto& [key, change] : changes) {
    const auto& name = key;
    CAPTURE(name);
    Bench bench;
    const Tensor before = bench.result().clone();
    change(bench);
    const Tensor after = bench.result();
    CHECK(identical(after, bench.expected()));
    CHECK_FALSE(identical(after, before));
  }
}

TEST_CASE("optimizers write the rounded weights themselves, and a skipped step leaves them right") {
  Bench bench;
  const auto adam = bench.adam(), sgd = make_sgd({{"weight", bench.layer.weight}}, {0.1}, 0.9);
  for (int i = 0; i < 4; ++i) {
    bench.gradients();
    if (i % 2 == 0)
      adam->step(Tensor::full({1}, i == 2));
    else
      sgd->step();
    const Tensor copy = cached_bf16(bench.layer.weight);
    REQUIRE(copy.defined());  // so nothing is rounded in the next step
    CHECK(identical(copy, bench.layer.weight.value().to(DType::bf16)));
    bf16_weight(bench.layer.weight);
  }
}

TEST_CASE("training with kept roundings has the bits of rounding in each step; f32 keeps none") {
  for (const DType maps : {DType::bf16, DType::f32}) {
    Bench kept, each;
    kept.x = each.x = Variable(kept.x.value().to(maps));
    const auto kept_adam = kept.adam(), each_adam = each.adam();
    for (int i = 0; i < 5; ++i) {
      kept.gradients();
      each.layer.weight.value().raw();  // may have written
      each.gradients();
      kept_adam->step();
      each_adam->step();
      CHECK(identical(kept.layer.weight.value().clone(), each.layer.weight.value().clone()));
      bf16_weight(kept.layer.weight);
    }
    if (maps == DType::f32) {
      Bench plain;
      plain.x = kept.x;
      plain.gradients();
      CHECK_FALSE(cached_bf16(plain.layer.weight).defined());
    }
  }
}
