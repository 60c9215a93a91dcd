#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

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

namespace {

LoaderOptions two_views(std::int64_t batch_size) {
  LoaderOptions options;
  options.batch_size = batch_size;
  options.n_vox = 8;
  options.first_views = true;
  options.n_views = 2;
  options.transform.size = int(tiny_model().image_size);
  return options;
}

// Object by object, with loops over voxels.
struct Expected {
  std::vector<double> iou;                         // mean over objects, at each threshold
  std::map<std::string, std::vector<double>> sum;  // over the objects of a category
  double loss_merged = 0, loss_refined = 0;
};

double plain_iou(const float* probability, const VoxelGrid& truth, double threshold) {
  std::int64_t both = 0, either = 0;
  for (std::size_t i = 0; i < truth.values.size(); ++i) {
    const bool predicted = probability[i] >= threshold, filled = truth.values[i] == 1;
    if (predicted && filled) ++both;
    if (predicted || filled) ++either;
  }
  return double(both) / double(either);
}

Expected one_by_one(Pix2Vox& model, const Dataset& data, const std::vector<double>& thresholds) {
  Expected expected{std::vector<double>(thresholds.size()), {}, 0, 0};
  const NoGrad no_grad;
  model.train(false);
  for (std::int64_t object = 0; object < data.size(); ++object) {
    std::vector<Image> pictures;
    for (const int view : {0, 1}) pictures.push_back(data.view(object, view));
    const Prediction prediction = model.forward(preprocess(pictures, two_views(1).transform), 2);
    const VoxelGrid truth = data.volume(object);
    const Losses losses = Pix2Vox::losses(prediction, Tensor::from(truth.values, {1, 8, 8, 8}));
    expected.loss_merged += losses.merged.value().item() / double(data.size());
    expected.loss_refined += losses.refined.value().item() / double(data.size());
    std::vector<double>& sum = expected.sum[data.info(object).taxonomy_name];
    sum.resize(thresholds.size());
    for (std::size_t t = 0; t < thresholds.size(); ++t) {
      const double iou = plain_iou(prediction.refined.value().data<float>(), truth, thresholds[t]);
      expected.iou[t] += iou / double(data.size());
      sum[t] += iou;
    }
  }
  model.train();
  return expected;
}

/// An untrained model's probabilities lie close together: thresholds in their midst.
std::vector<double> telling_thresholds(Pix2Vox& model, const Dataset& data) {
  std::vector<float> all;
  EvaluationHooks hooks;
  hooks.predicted = [&](const Batch&, const Tensor& volumes) {
    const std::vector<float> some = volumes.to_vector<float>();
    all.insert(all.end(), some.begin(), some.end());
  };
  evaluate(model, data, two_views(1), {0.5}, hooks);
  std::ranges::sort(all);
  return {double(all[all.size() / 4]), double(all[all.size() / 2]),
          double(all[3 * all.size() / 4])};
}

}  // namespace

TEST_CASE("evaluation gives the means of single objects, whatever the batch size") {
  Pix2Vox model(tiny_model());
  initialize(model, 3);
  const ToyDataset dataset(7, 8);
  const std::vector<double> thresholds = telling_thresholds(model, dataset);
  const Expected expected = one_by_one(model, dataset, thresholds);
  CHECK(std::abs(expected.loss_merged - expected.loss_refined) > 1e-4);
  for (const int batch_size : {1, 3, 7}) {
    CAPTURE(batch_size);
    std::int64_t seen = 0;
    EvaluationHooks hooks;
    hooks.progress = [&](std::int64_t done, std::int64_t total) {
      CHECK(done == std::min<std::int64_t>(seen + batch_size, 7));
      CHECK(total == 7);
      seen = done;
    };
    const Evaluation evaluation =
        evaluate(model, dataset, two_views(batch_size), thresholds, hooks);
    CHECK(model.training());
    CHECK(seen == 7);
    CHECK(evaluation.loss_merged == doctest::Approx(expected.loss_merged).epsilon(1e-6));
    CHECK(evaluation.loss_refined == doctest::Approx(expected.loss_refined).epsilon(1e-6));
    CHECK(evaluation.iou.overall().objects == 7);
    const std::vector<IouTable::Row> rows = evaluation.iou.categories();
    REQUIRE(rows.size() == expected.sum.size());
    for (std::size_t t = 0; t < thresholds.size(); ++t) {
      CHECK(evaluation.iou.overall().mean[t] == doctest::Approx(expected.iou[t]).epsilon(1e-3));
      for (const IouTable::Row& row : rows)
        CHECK(row.mean[t] ==
              doctest::Approx(expected.sum.at(row.name)[t] / double(row.objects)).epsilon(1e-3));
    }
  }
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
