// Pix2Vox-A and -F at full size against what their authors' code gives (tests/golden/reference/).
// The suite "campaign" takes minutes and some gigabytes; tests/campaigns/golden_reference.sh runs
// it.
#include <doctest/doctest.h>

#include "tests/support/golden.h"
#include "tests/support/golden_model.h"
#include "tests/support/npz.h"

namespace voxgrad {
namespace {

/// Evaluates the model; every voxel must be the reference's within the run's tolerance.
void check_volume(const std::string& variant, std::int64_t views, DType dtype,
                  bool folded = false) {
  CAPTURE(variant);
  golden::ModelRun run = golden::reference_run(variant, dtype);
  run.folded = folded;
  const Tensor volume = golden::check_evaluation(run, views);
  const Tensor expected = testing::read_npz(golden::path_of("reference/volumes.npz"))
                              .at(concat(variant, "_eval_v", views));
  CHECK(volume.shape() == expected.shape());
  CHECK(golden::difference(golden::values(volume), golden::values(expected)) <= run.tolerance);
}

}  // namespace

TEST_SUITE("reference" * doctest::skip(golden::sanitized)) {
  TEST_CASE("weights of the formula") {
    golden::check_weights(golden::reference_run("F"));
    golden::check_weights(golden::reference_run("A", DType::f32));
  }
  TEST_CASE("F, one view, f64 volume") {
    check_volume("F", 1, DType::f64);
  }
  TEST_CASE("F, three views, f32 volume") {
    check_volume("F", 3, DType::f32);
  }
  TEST_CASE("A, one view, f32 volume") {
    check_volume("A", 1, DType::f32);
  }
  TEST_CASE("folded, one view and several, f32 volumes") {
    check_volume("F", 3, DType::f32, true);
    check_volume("A", 1, DType::f32, true);
  }
  TEST_CASE("F, one view, f64 training step") {
    golden::check_training_step(golden::reference_run("F"), 1);
  }
}

TEST_SUITE("campaign" * doctest::skip()) {
  TEST_CASE("volumes") {
    for (const std::string variant : {"F", "A"})
      for (const std::int64_t views : {1, 3})
        for (const DType dtype : {DType::f64, DType::f32}) check_volume(variant, views, dtype);
  }
  TEST_CASE("encoder output and raw features") {
    for (const std::string variant : {"F", "A"})
      for (const std::int64_t views : {1, 3})
        golden::check_features(golden::reference_run(variant), views);
  }
  TEST_CASE("F, training steps") {
    for (const std::int64_t views : {1, 3})
      golden::check_training_step(golden::reference_run("F"), views);
  }
  TEST_CASE("A, training steps") {
    for (const std::int64_t views : {1, 3})
      golden::check_training_step(golden::reference_run("A"), views);
  }
  TEST_CASE("F, ten Adam steps") {
    golden::check_ten_steps(golden::reference_run("F"), 1);
  }
  TEST_CASE("A, ten Adam steps") {
    golden::check_ten_steps(golden::reference_run("A"), 1);
  }
}

}  // namespace voxgrad
