// Running out of memory on the device, at each allocation.
#include "tests/cuda/device_cases.h"
#include "tests/pix2vox/out_of_memory.h"

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE("a step on the device that runs out of memory anywhere changes nothing [slow]") {
  if (no_device()) return;
  const auto failures = check_training_out_of_memory(Device::cuda(), Precision::bf16, true, 3);
  CHECK(failures[0] > 100);
  CHECK(failures[1] > 100);  // while it is recorded
  CHECK(failures[2] == 0);   // replayed
}

TEST_CASE(
    "a folded prediction on the device that runs out of memory is followed by one that works") {
  if (no_device()) return;
  const auto failures = check_prediction_out_of_memory(Device::cuda(), Precision::bf16);
  CHECK(failures[0] > 50);
  CHECK(failures[1] > 20);  // while it is recorded
}
