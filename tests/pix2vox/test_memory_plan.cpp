// The plan of a training's memory beside what its steps take.
#include <doctest/doctest.h>

#include <cmath>

#include "pix2vox/benchmark/benchmark.h"
#include "pix2vox/benchmark/memory_plan.h"
#include "pix2vox/benchmark/resident.h"
#include "tests/pix2vox/tiny.h"

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE("the planned step is the measured one, for batches that the plan has not seen") {
  Config config;
  config.model = tiny_model();
  config.train.batch_size = 9;
  config.train.n_views = 2;
  const MemoryPlan plan = plan_memory(config, Device::cpu());
  for (const std::int64_t batch : {9, 14}) {
    CAPTURE(batch);
    const auto measured = double(
        measure_training(config, batch, 2, {.device = {}, .warm_up = 1, .repeats = 1}).memory.peak);
    CHECK(std::abs(double(plan.step_of(batch)) - measured) <= 0.05 * measured);
  }
  CHECK(plan.step > plan.weights + plan.gradients + plan.optimizer_state);
  CHECK(plan.optimizer_state == 2 * plan.gradients);
  CHECK(plan.machine >= plan.step + plan.picture_cache);
}

TEST_CASE("a batch is cut into as few parts as fit") {
  MemoryPlan plan;
  plan.batch_size = 12;
  plan.per_object = 10;
  plan.step = 150;
  plan.machine = 200;
  CHECK(plan.parts_that_fit(200) == 1);
  CHECK(plan.parts_that_fit(199) == 2);
  CHECK(plan.parts_that_fit(140) == 2);
  CHECK(plan.parts_that_fit(120) == 3);
  CHECK(plan.parts_that_fit(89) == 0);
  CHECK(plan.step_of(13) == 160);
  CHECK(plan.step_of(2) == 50);
}

TEST_CASE("frozen parts need neither gradients nor moments, SGD without momentum no moments") {
  Config config;
  config.model = tiny_model();
  config.train.batch_size = 2;
  const MemoryPlan all = plan_memory(config, Device::cpu());
  config.train.freeze = {"encoder"};
  config.train.optimizer = "sgd";
  config.train.momentum = 0;
  const MemoryPlan some = plan_memory(config, Device::cpu());
  CHECK(some.weights == all.weights);
  CHECK(some.gradients < all.gradients);
  CHECK(some.optimizer_state == 0);
  CHECK(some.disk() < all.disk());
}

TEST_CASE("the system tells what memory there is") {
  CHECK(resident_bytes() > (1 << 20));
  REQUIRE(available_bytes());
  REQUIRE(installed_bytes());
  CHECK(*available_bytes() <= *installed_bytes());
}
