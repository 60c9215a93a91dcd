// Running out of memory on the CPU, at each allocation.
#include "tests/pix2vox/out_of_memory.h"

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE("a training step that runs out of memory anywhere changes nothing, and the next works") {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    const auto failures = check_training_out_of_memory(Device::cpu(), precision, true, 1);
    CHECK(failures[0] > 100);
  }
  check_training_out_of_memory(Device::cpu(), Precision::f32, false, 1);
}

TEST_CASE("an optimizer step takes no memory, so it cannot stop halfway") {
  SmallTraining training(Device::cpu(), Precision::f32, true);
  training.step();
  CHECK(training.failures_of_optimizer() == 0);
}

TEST_CASE("a folded prediction that runs out of memory anywhere is followed by one that works") {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    const auto failures = check_prediction_out_of_memory(Device::cpu(), precision);
    CHECK(failures[0] > 50);
    CHECK(failures[1] > 20);
  }
}
