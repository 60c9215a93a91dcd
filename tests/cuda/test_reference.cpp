// Pix2Vox-A and -F at full size on the device against what their authors' code gives
// (tests/golden/reference/): volumes, features, losses, buffers, gradients and ten Adam steps.
#include "tests/cuda/device_cases.h"
#include "tests/support/golden_model.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

/// The network in TF32 or bf16. Each of its 20 layers and more rounds factors by up to half a unit
/// in the last of 11 or 8 bits, at random: sqrt(20) times that is 1.1e-3 and 8.7e-3.
golden::ModelRun rounded_run(const std::string& variant, Precision precision) {
  golden::ModelRun run = golden::reference_run(variant, DType::f32, Device::cuda());
  run.precision = precision;
  run.tolerance = precision == Precision::tf32 ? 1e-2 : 5e-2;
  return run;
}

}  // namespace

TEST_CASE("A and F agree with their authors' code in f64 and f32 on the device [gpu]") {
  if (no_device()) return;
  for (const std::string variant : {"F", "A"})
    for (const DType dtype : kFloats) {
      CAPTURE(variant);
      CAPTURE(concat(dtype));
      const golden::ModelRun run = golden::reference_run(variant, dtype, Device::cuda());
      for (const std::int64_t views : {1, 3}) golden::check_evaluation(run, views);
      golden::check_features(run, 1);
      golden::check_training_step(run, 1);
    }
}

TEST_CASE("A and F, folded, agree with their authors' code on the device [gpu]") {
  if (no_device()) return;
  for (const std::string variant : {"F", "A"}) {
    CAPTURE(variant);
    golden::ModelRun run = golden::reference_run(variant, DType::f32, Device::cuda());
    run.folded = true;
    for (const std::int64_t views : {1, 3}) golden::check_evaluation(run, views);
  }
}

TEST_CASE("A and F take ten Adam steps of their authors' code on the device [gpu]") {
  if (no_device()) return;
  for (const std::string variant : {"F", "A"}) {
    CAPTURE(variant);
    golden::check_ten_steps(golden::reference_run(variant, DType::f64, Device::cuda()), 1);
  }
}

TEST_CASE("A and F in TF32 and bf16 stay near their authors' code on the device [gpu]") {
  if (no_device()) return;
  for (const std::string variant : {"F", "A"})
    for (const Precision precision : {Precision::tf32, Precision::bf16}) {
      CAPTURE(variant);
      CAPTURE(name_of(precision));
      const golden::ModelRun run = rounded_run(variant, precision);
      golden::check_evaluation(run, 1);
      golden::check_losses_and_buffers(run, 1);
    }
}
