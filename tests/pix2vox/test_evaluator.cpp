#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "pix2vox/evaluation/evaluator.h"
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
  table.add({"2", "chair", "a"}, {0.2, 0.4});
  table.add({"2", "chair", "b"}, {0.4, 0.6});
  table.add({"9", "airplane", "c"}, {0.9, 0.1});
  CHECK(table.categories().size() == 2);
  CHECK(table.categories()[0].name == "airplane");
  CHECK(table.categories()[1].mean[0] == doctest::Approx(0.3));
  CHECK(table.overall().objects == 3);
  CHECK(table.overall().mean[0] == doctest::Approx(0.5));
  CHECK(table.mean_over_categories().mean[0] == doctest::Approx(0.6));
  CHECK(table.best().first == 0.3);
  CHECK(table.mean_over_thresholds() == doctest::Approx((0.5 + 1.1 / 3) / 2));
  CHECK_THROWS_AS(table.add({"2", "chair", "a"}, {1}), Error);
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

/// An untrained model's probabilities are close together: thresholds in their midst.
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

TEST_CASE("evaluation gives the means of single objects, for any batch size") {
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
      CHECK(evaluation.iou.overall().mean[t] ==
            doctest::Approx(expected.iou[t]).epsilon(1e-3).scale(0));
      for (const IouTable::Row& row : rows)
        CHECK(row.mean[t] == doctest::Approx(expected.sum.at(row.name)[t] / double(row.objects))
                                 .epsilon(1e-3)
                                 .scale(0));
    }
  }
}

TEST_CASE("baselines come from the training split") {
  const ToyDataset train(20, 8), test(6, 8);
  // A training shape is found again exactly.
  CHECK(measure_baselines(train, train, {0.5}).best_training_shape.overall().mean[0] == 1);
  std::int64_t calls = 0;
  const Baselines unseen =
      measure_baselines(train, test, {0.2, 0.5}, [&](std::int64_t done, std::int64_t total) {
        CHECK(done == ++calls);
        CHECK(total == 26);
      });
  CHECK(calls == 26);
  CHECK(unseen.mean_shape.overall().objects == 6);
  const double ceiling = unseen.best_training_shape.overall().mean[0];
  for (const IouTable* table : {&unseen.mean_shape, &unseen.category_mean_shape}) {
    CHECK(table->overall().mean[1] > 0);
    CHECK(table->overall().mean[1] < ceiling);
  }
}

TEST_CASE("two categories of one name are two rows, told apart by their ids") {
  IouTable table({0.5});
  table.add({"04379243", "table", "a"}, {0.2});
  table.add({"01234567", "table", "b"}, {0.6});
  table.add({"04379243", "table", "c"}, {0.4});
  table.add({"02691156", "airplane", "d"}, {0.9});
  const std::vector<IouTable::Row> rows = table.categories();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].name == "airplane");
  CHECK(rows[1].name == "table (01234567)");
  CHECK(rows[1].mean[0] == doctest::Approx(0.6));
  CHECK(rows[2].name == "table (04379243)");
  CHECK(rows[2].objects == 2);
  CHECK(rows[2].mean[0] == doctest::Approx(0.3));
  CHECK(table.mean_over_categories().mean[0] == doctest::Approx(0.6));

  // The mean shape of a category is that of its id.
  struct OneName : ToyDataset {
    std::vector<ObjectInfo> infos;
    explicit OneName(std::int64_t objects) : ToyDataset(objects, 8) {
      for (std::int64_t i = 0; i < objects; ++i)
        infos.push_back({std::to_string(i % 2), "thing", std::to_string(i)});
    }
    const ObjectInfo& info(std::int64_t object) const override {
      return infos[std::size_t(object)];
    }
  };
  const OneName one_name(9);
  const IouTable together = measure_baselines(one_name, one_name, {0.5}).category_mean_shape;
  const IouTable apart =
      measure_baselines(ToyDataset(9, 8), ToyDataset(9, 8), {0.5}).category_mean_shape;
  CHECK(together.categories().size() == 2);
  CHECK(together.overall().mean == apart.overall().mean);
}

TEST_CASE(
    "objects that cannot be read are left out, where that is allowed, and nothing counts twice") {
  struct Damaged : ToyDataset {
    using ToyDataset::ToyDataset;
    std::vector<std::int64_t> bad;
    Image view(std::int64_t object, int view) const override {
      if (std::ranges::find(bad, object) != bad.end())
        fail<DataError>(view_name(object, view), ": damaged");
      return ToyDataset::view(object, view);
    }
  };
  Pix2Vox model(tiny_model());
  initialize(model, 3);
  Damaged damaged(7, 8);
  const std::vector<double> thresholds = telling_thresholds(model, damaged);
  struct One : ToyDataset {
    std::int64_t object;
    explicit One(std::int64_t which) : ToyDataset(7, 8), object(which) {}
    std::int64_t size() const override { return 1; }
    const ObjectInfo& info(std::int64_t) const override { return ToyDataset::info(object); }
    Image view(std::int64_t, int view) const override { return ToyDataset::view(object, view); }
    VoxelGrid volume(std::int64_t) const override { return ToyDataset::volume(object); }
  };
  // 2 of 7 cannot be read, in batches that are mixed, wholly bad, and good.
  for (const std::vector<std::int64_t>& bad :
       {std::vector<std::int64_t>{0, 4}, std::vector<std::int64_t>{2, 3}}) {
    damaged.bad = bad;
    double merged = 0, refined = 0;
    std::vector<double> iou(3);
    for (std::int64_t object = 0; object < 7; ++object) {
      if (std::ranges::find(bad, object) != bad.end()) continue;
      const Evaluation one = evaluate(model, One(object), two_views(1), thresholds);
      REQUIRE(one.iou.overall().objects == 1);
      merged += one.loss_merged / 5;
      refined += one.loss_refined / 5;
      for (std::size_t t = 0; t < 3; ++t) iou[t] += one.iou.overall().mean[t] / 5;
    }
    LoaderOptions options = two_views(2);
    CHECK_THROWS_WITH_AS(evaluate(model, damaged, options, thresholds),
                         doctest::Contains("damaged"), DataError);
    options.skip_bad = 0.3;
    std::int64_t done = 0;
    EvaluationHooks hooks;
    hooks.progress = [&](std::int64_t now, std::int64_t) { done = now; };
    const Evaluation rest = evaluate(model, damaged, options, thresholds, hooks);
    CHECK(done == 7);
    REQUIRE(rest.skipped.size() == 2);
    CHECK(rest.skipped[0].object == bad[0]);
    CHECK(rest.iou.overall().objects == 5);
    CHECK(rest.loss_merged == doctest::Approx(merged).epsilon(1e-6));
    CHECK(rest.loss_refined == doctest::Approx(refined).epsilon(1e-6));
    for (std::size_t t = 0; t < 3; ++t)
      CHECK(rest.iou.overall().mean[t] == doctest::Approx(iou[t]).epsilon(1e-3).scale(0));
    options.skip_bad = 0.2;  // 1.4 objects
    CHECK_THROWS_AS(evaluate(model, damaged, options, thresholds), DataError);
  }
}
