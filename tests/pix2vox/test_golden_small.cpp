// A narrow network with every part of Pix2Vox-A against PyTorch (tests/golden/small.json).
#include <doctest/doctest.h>

#include "tests/support/golden_model.h"

namespace voxgrad {

TEST_CASE("small network agrees with PyTorch in f64") {
  const golden::ModelRun run = golden::small_run();
  golden::check_weights(run);
  for (const std::int64_t views : {1, 3}) {
    golden::check_evaluation(run, views);
    golden::check_features(run, views);
    golden::check_training_step(run, views);
    golden::check_ten_steps(run, views);
  }
}

// Gradients are compared where rounding can be told from error. With one view they are well
// conditioned: in f64, moving every weight by up to 6e-8 of itself (half a unit of f32) moves no
// figure by more than 8e-6 (12 draws), and f32 comes to within 2e-5. With three views at 32^3 they
// are not: the same draws move them in steps, by 2.2e-4 from the merger on or by 1.5e-3 from the
// encoder on, whenever one of the values before a ReLU or leaky ReLU changes its sign. No kernel
// can hold 1e-4 there, so three views are compared at 8^3, where the draws stay below 2e-5.
TEST_CASE("small network agrees with PyTorch in f32") {
  const golden::ModelRun run = golden::small_run(DType::f32);
  for (const std::int64_t views : {1, 3}) {
    golden::check_evaluation(run, views);
    golden::check_features(run, views);
    golden::check_losses_and_buffers(run, views);
    golden::check_rounded_gradients(views);
  }
  golden::check_training_step(run, 1);
}

// The whole trunk has gradients here, and they are worse conditioned: in PyTorch, f64, moving the
// weights of the narrow ++A by 1e-13 of themselves moves gradients by 1.2e-10 with one view, and
// f32 comes to within 3.6e-4 of f64. So ++A makes its ten steps on three views, and the gradients
// of f32 are left to the tests of layers.
TEST_CASE("small networks of Pix2Vox++ agree with PyTorch in f64 [slow]") {
  for (const std::string variant : {"++A", "++F"}) {
    CAPTURE(variant);
    const golden::ModelRun run = golden::small_plus_plus_run(variant);
    golden::check_weights(run);
    for (const std::int64_t views : {1, 3}) {
      golden::check_evaluation(run, views);
      golden::check_features(run, views);
      golden::check_training_step(run, views);
    }
    golden::check_ten_steps(run, variant == "++A" ? 3 : 1);
  }
}

TEST_CASE("small networks of Pix2Vox++ agree with PyTorch in f32, and folded [slow]") {
  for (const std::string variant : {"++A", "++F"}) {
    CAPTURE(variant);
    golden::ModelRun run = golden::small_plus_plus_run(variant, DType::f32);
    for (const std::int64_t views : {1, 3}) {
      golden::check_evaluation(run, views);
      golden::check_features(run, views);
      golden::check_losses_and_buffers(run, views);
    }
    for (const DType dtype : {DType::f64, DType::f32}) {
      run = golden::small_plus_plus_run(variant, dtype);
      run.folded = true;
      for (const std::int64_t views : {1, 3}) golden::check_evaluation(run, views);
    }
  }
}

}  // namespace voxgrad
