#include <doctest/doctest.h>

#include "pix2vox/training/evaluator.h"
#include "tests/pix2vox/tiny.h"
#include "tests/pix2vox/toy_dataset.h"

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE("IoU counts voxels at or above the threshold") {
  const float p[] = {0.1f, 0.3f, 0.5f, 0.9f};
  const float t[] = {0, 1, 0, 1};
  CHECK(iou_at(p, t, 4, {0.05, 0.25, 0.5, 0.95}) == std::vector<double>{0.5, 2.0 / 3, 1.0 / 3, 0});
  const float none[] = {0, 0};
  CHECK(iou_at(none, none, 2, {0.5}) == std::vector<double>{1});
}

TEST_CASE("tables weigh objects or categories") {
  IouTable table({0.3, 0.5});
  table.add("chair", {0.2, 0.4});
  table.add("chair", {0.4, 0.6});
  table.add("airplane", {0.9, 0.1});
  CHECK(table.categories().size() == 2);
  CHECK(table.categories()[0].name == "airplane");
  CHECK(table.categories()[1].mean[0] == doctest::Approx(0.3));
  CHECK(table.overall().objects == 3);
  CHECK(table.overall().mean[0] == doctest::Approx(0.5));
  CHECK(table.mean_over_categories().mean[0] == doctest::Approx(0.6));
  CHECK(table.best().first == 0.3);
  CHECK(table.mean_over_thresholds() == doctest::Approx((0.5 + 1.1 / 3) / 2));
  CHECK_THROWS_AS(table.add("chair", {1}), Error);
}

TEST_CASE("evaluation leaves the model's mode alone and does not depend on the batch size") {
  Pix2Vox model(tiny_model());
  initialize(model, 3);
  const ToyDataset dataset(7, 8);
  std::vector<double> losses;
  for (const int batch_size : {1, 3, 7}) {
    LoaderOptions options;
    options.batch_size = batch_size;
    options.n_vox = 8;
    options.first_views = true;
    options.n_views = 2;
    options.transform.size = int(tiny_model().image_size);
    const Evaluation evaluation = evaluate(model, dataset, options, {0.3, 0.5});
    CHECK(evaluation.iou.overall().objects == 7);
    CHECK(model.training());
    losses.push_back(evaluation.loss_merged);
  }
  CHECK(losses[1] == doctest::Approx(losses[0]).epsilon(1e-6));
  CHECK(losses[2] == doctest::Approx(losses[0]).epsilon(1e-6));
}

TEST_CASE("baselines come from the training split") {
  const ToyDataset train(20, 8), test(6, 8);
  // A training shape is found again exactly.
  CHECK(measure_baselines(train, train, {0.5}).best_training_shape.overall().mean[0] == 1);
  const Baselines unseen = measure_baselines(train, test, {0.2, 0.5});
  CHECK(unseen.mean_shape.overall().objects == 6);
  const double ceiling = unseen.best_training_shape.overall().mean[0];
  for (const IouTable* table : {&unseen.mean_shape, &unseen.category_mean_shape}) {
    CHECK(table->overall().mean[1] > 0);
    CHECK(table->overall().mean[1] < ceiling);
  }
}
