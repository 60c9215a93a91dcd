#include <cmath>

#include "tests/cpu/kernel_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE("Adam takes the published steps") {
  Rng rng(51);
  for (const DType dtype : kFloats) {
    for (const std::int64_t n : kLengths) {
      const AdamOptions hyper{0.9, 0.999, 1e-8};
      const Tensor p = random_normal(rng, {n}, dtype);
      const Tensor m = Tensor::zeros({n}, dtype), v = Tensor::zeros({n}, dtype);
      const Tensor other = random_normal(rng, {3}, dtype), untouched = other.clone();
      const Tensor om = Tensor::zeros({3}, dtype), ov = Tensor::zeros({3}, dtype);
      std::vector<double> ep = values(p), em(ep.size(), 0), ev(ep.size(), 0);
      for (std::int64_t step = 1; step <= 3; ++step) {
        const Tensor g = random_normal(rng, {n}, dtype);
        const std::vector<AdamSlot> slots{{p, g, m, v, 1e-2, step},
                                          {other, Tensor::zeros({3}, dtype), om, ov, 1e-2, step}};
        cpu::optimizer_ops().adam(slots, hyper, {});
        const std::vector<double> gs = values(g);
        for (std::size_t i = 0; i < ep.size(); ++i) {
          em[i] = 0.9 * em[i] + 0.1 * gs[i];
          ev[i] = 0.999 * ev[i] + 0.001 * gs[i] * gs[i];
          const double mhat = em[i] / (1 - std::pow(0.9, double(step)));
          const double vhat = ev[i] / (1 - std::pow(0.999, double(step)));
          ep[i] -= 1e-2 * mhat / (std::sqrt(vhat) + 1e-8);
        }
      }
      CHECK(max_relative_error(p, Tensor::from(ep, {n})) <= 2 * tolerance(dtype));
      CHECK(max_relative_error(m, Tensor::from(em, {n})) <= 2 * tolerance(dtype));
      CHECK(max_relative_error(v, Tensor::from(ev, {n})) <= 2 * tolerance(dtype));
      CHECK(identical(other, untouched));
    }
  }
}

TEST_CASE("SGD with momentum") {
  Rng rng(52);
  for (const DType dtype : kFloats) {
    for (const std::int64_t n : kLengths) {
      const Tensor p = random_normal(rng, {n}, dtype), buffer = Tensor::zeros({n}, dtype);
      std::vector<double> ep = values(p), eb(ep.size(), 0);
      for (int step = 0; step < 3; ++step) {
        const Tensor g = random_normal(rng, {n}, dtype);
        const std::vector<SgdSlot> slots{{p, g, buffer, 0.05}};
        cpu::optimizer_ops().sgd(slots, 0.9, {});
        const std::vector<double> gs = values(g);
        for (std::size_t i = 0; i < ep.size(); ++i) {
          eb[i] = 0.9 * eb[i] + gs[i];
          ep[i] -= 0.05 * eb[i];
        }
      }
      CHECK(max_relative_error(p, Tensor::from(ep, {n})) <= 2 * tolerance(dtype));
      CHECK(max_relative_error(buffer, Tensor::from(eb, {n})) <= 2 * tolerance(dtype));
    }
  }
}

TEST_CASE("a step that is to be skipped changes nothing") {
  Rng rng(53);
  const auto draw = [&] { return random_normal(rng, {5}, DType::f32); };
  const Tensor p = draw(), g = draw(), m = Tensor::zeros({5});
  const Tensor v = Tensor::zeros({5}), before = p.clone(), skip = Tensor::full({1}, 1);
  const std::vector<AdamSlot> adam{{p, g, m, v, 1e-2, 1}};
  const std::vector<SgdSlot> sgd{{p, g, m, 1e-2}};
  cpu::optimizer_ops().adam(adam, {}, skip);
  cpu::optimizer_ops().sgd(sgd, 0.9, skip);
  CHECK(identical(p, before));
  CHECK(identical(m, v));
  skip.fill(0);
  cpu::optimizer_ops().adam(adam, {}, skip);
  CHECK_FALSE(identical(p, before));
}

TEST_CASE("many tensors of both dtypes in one step get the bits of each in a step of its own") {
  Rng rng(54);
  std::vector<AdamSlot> together, alone;
  std::vector<SgdSlot> sgd_together, sgd_alone;
  for (const std::int64_t n : {1, 16383, 16384, 16385, 3, 70001, 0, 31}) {
    for (const DType dtype : kFloats) {
      const AdamSlot slot{random_normal(rng, {n}, dtype), random_normal(rng, {n}, dtype),
                          random_normal(rng, {n}, dtype), random_uniform(rng, {n}, 0, 1, dtype),
                          rng.uniform(1e-4, 1e-2),        std::int64_t(together.size()) + 1};
      together.push_back(slot);
      alone.push_back({slot.parameter.clone(), slot.gradient, slot.m.clone(), slot.v.clone(),
                       slot.learning_rate, slot.step});
      sgd_together.push_back(
          {slot.parameter.clone(), slot.gradient, slot.m.clone(), slot.learning_rate});
      sgd_alone.push_back(
          {slot.parameter.clone(), slot.gradient, slot.m.clone(), slot.learning_rate});
    }
  }
  cpu::optimizer_ops().adam(together, {}, {});
  cpu::optimizer_ops().sgd(sgd_together, 0.9, {});
  for (std::size_t i = 0; i < together.size(); ++i) {
    CAPTURE(i);
    cpu::optimizer_ops().adam({&alone[i], 1}, {}, {});
    cpu::optimizer_ops().sgd({&sgd_alone[i], 1}, 0.9, {});
    CHECK(identical(together[i].parameter, alone[i].parameter));
    CHECK(identical(together[i].m, alone[i].m));
    CHECK(identical(together[i].v, alone[i].v));
    CHECK(identical(sgd_together[i].parameter, sgd_alone[i].parameter));
    CHECK(identical(sgd_together[i].buffer, sgd_alone[i].buffer));
  }
}

TEST_CASE("a step with a parameter that it cannot take changes none") {
  Rng rng(55);
  const Tensor p = random_normal(rng, {5}, DType::f32), before = p.clone();
  const Tensor zero = Tensor::zeros({5}), whole = Tensor::zeros({5}, DType::i64);
  const std::vector<AdamSlot> adam{{p, before, zero, zero, 1e-2, 1},
                                   {whole, whole, whole, whole, 1e-2, 1}};
  const std::vector<SgdSlot> sgd{{p, before, zero, 1e-2}, {whole, whole, whole, 1e-2}};
  CHECK_THROWS_AS(cpu::optimizer_ops().adam(adam, {}, {}), Error);
  CHECK_THROWS_AS(cpu::optimizer_ops().sgd(sgd, 0.9, {}), Error);
  CHECK(identical(p, before));
}
