#include "apps/measures/test_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "pix2vox/training/iou_json.h"

namespace voxgrad::apps {
namespace {

std::vector<IouTable::Row> rows_of(const IouTable& table) {
  std::vector<IouTable::Row> all = table.categories();
  all.push_back(table.overall());
  all.push_back(table.mean_over_categories());
  return all;
}

double at_best(const IouTable& table, std::size_t row) {
  const auto& t = table.thresholds();
  const auto place = std::ranges::find(t, table.best().first) - t.begin();
  return rows_of(table)[row].mean[std::size_t(place)];
}

// One line per category: objects, the model at each threshold, then the baselines at their best
// one.
std::string iou_table(const ViewResult& result, const TestResults& results) {
  const std::vector<double>& thresholds = result.evaluation.iou.thresholds();
  std::string text = fmt::format("{:<24}{:>8}", "category", "objects");
  for (const double t : thresholds) text += fmt::format("{:>9}", fmt::format("t={}", t));
  const std::optional<Baselines>& baselines = results.baselines;
  if (baselines)
    text += fmt::format("{:>12}{:>12}{:>12}", "mean shape", "mean of cat", "best train");
  if (results.retrieval) text += fmt::format("{:>12}", "nearest pic");
  text += '\n';
  const std::vector<IouTable::Row> model = rows_of(result.evaluation.iou);
  for (std::size_t i = 0; i < model.size(); ++i) {
    text += fmt::format("{:<24}{:>8}", model[i].name, model[i].objects);
    for (const double value : model[i].mean) text += fmt::format("{:>9.4f}", value);
    if (baselines)
      for (const IouTable* table : {&baselines->mean_shape, &baselines->category_mean_shape,
                                    &baselines->best_training_shape})
        text += fmt::format("{:>12.4f}", at_best(*table, i));
    if (results.retrieval) text += fmt::format("{:>12.4f}", at_best(results.retrieval->iou, i));
    text += '\n';
  }
  return text;
}

std::string percent(double share) {
  return fmt::format("F@{:g}%", 100 * share);
}

std::string shape_table(const ViewResult& result) {
  const std::vector<ShapeRow> rows = result.measures.shape_rows();
  if (rows.empty()) return "";
  std::string text = fmt::format("\nSurfaces:\n  {:<22}{:>8}", "category", "objects");
  for (const double d : fscore_distances) text += fmt::format("{:>9}", percent(d));
  text += fmt::format("{:>9}\n", "Chamfer");
  for (const ShapeRow& row : rows) {
    text += fmt::format("  {:<22}{:>8}", row.name, row.objects);
    for (const double value : row.fscore) text += fmt::format("{:>9.4f}", value);
    text += fmt::format("{:>9.4f}\n", row.chamfer);
  }
  return text;
}

std::string views_table(const TestResults& results) {
  if (results.by_views.size() < 2) return "";
  std::string text = fmt::format("\n{:<8}{:>8}", "views", "objects");
  for (const double t : results.by_views.front().evaluation.iou.thresholds())
    text += fmt::format("{:>9}", fmt::format("t={}", t));
  const bool shapes = results.by_views.front().measures.options().fscore.has_value();
  if (shapes) text += fmt::format("{:>9}{:>9}", percent(0.01), "Chamfer");
  text += '\n';
  for (const ViewResult& result : results.by_views) {
    const IouTable::Row row = result.evaluation.iou.overall();
    text += fmt::format("{:<8}{:>8}", result.views, row.objects);
    for (const double value : row.mean) text += fmt::format("{:>9.4f}", value);
    if (shapes) {
      const std::vector<ShapeRow> shape = result.measures.shape_rows();
      const ShapeRow& overall = shape[shape.size() - 2];
      text += fmt::format("{:>9.4f}{:>9.4f}", overall.fscore[fscore_one_percent], overall.chamfer);
    }
    text += '\n';
  }
  return text;
}

std::string pix3d_text(const Pix3dIou& pix3d, double threshold) {
  const auto [best, iou] = pix3d.table().best();
  std::string text = "\nPix3D's protocol:\n";
  const auto& t = pix3d.table().thresholds();
  const auto place = std::size_t(std::ranges::find(t, best) - t.begin());
  for (const IouTable::Row& row : rows_of(pix3d.table()))
    text += fmt::format("{:<24}{:>8}{:>9.4f}\n", row.name, row.objects, row.mean[place]);
  text += fmt::format(
      "Box of the object cut out of prediction and truth, padded to a cube, resampled to 32^3; "
      "values above t={} count in both.\nThat threshold was chosen on the tested objects "
      "themselves, and the box hides errors of size and place; the first table has the plain IoU "
      "(this model's own threshold: {:.4g}).\n",
      best, threshold);
  return text;
}

std::string foot(const TestResults& results) {
  const ViewResult& first = results.by_views.front();
  std::string text = fmt::format(
      "\nIoU: voxels in both / voxels in either, mean over objects; t: probability from which a "
      "voxel\ncounts as occupied. The checkpoint's own threshold, {}, is {:.4g}.\n",
      results.threshold_source, results.threshold);
  if (results.baselines)
    text += fmt::format(
        "mean shape: the mean of all training volumes, at t={}; mean of cat: of the true "
        "category's, at t={} (it is told the category);\nbest train: the training shape nearest to "
        "the truth (it is told the answer: the ceiling of memorising).\n",
        results.baselines->mean_shape.best().first,
        results.baselines->category_mean_shape.best().first);
  if (results.retrieval) {
    text +=
        "nearest pic: the volume of the training object with the picture most like the first "
        "view (16 x 16 pixels, RGB and alpha, sum of differences)";
    text += first.measures.options().fscore
                ? fmt::format("; its F@1% {:.4f}, Chamfer {:.4f}.\n", results.retrieval->fscore,
                              results.retrieval->chamfer)
                : ".\n";
  }
  if (const auto& fscore = first.measures.options().fscore)
    text += fmt::format(
        "F@d and Chamfer at t={:.4g}, as published since what3d (CVPR 2019): marching cubes at iso "
        "value 0 on the 0/1 grid with an empty border, scaled to the unit cube;\n{} points by area "
        "on each surface, seed {}; F: harmonic mean of the shares of points nearer than d to the "
        "other surface; Chamfer: sum of both mean distances. F of one object varies by about 0.005 "
        "with the draw.\n",
        first.measures.options().shape_threshold, fscore->points, fscore->seed);
  const Calibration& calibration = first.measures.calibration();
  text += fmt::format(
      "Calibration: expected error {:.4f} over all voxels, {:.4f} over the {:.2f} % with "
      "probabilities in 0.05 .. 0.95 (20 bins); predicted volume {:.3f} of the true one.\n",
      calibration.expected_error(), calibration.uncertain_error(),
      100 * calibration.uncertain_share(), calibration.volume_ratio());
  return text;
}

nlohmann::json to_json(const Calibration& calibration) {
  nlohmann::json bins = nlohmann::json::array();
  for (const Calibration::Bin& bin : calibration.all())
    bins.push_back({{"voxels", bin.voxels},
                    {"mean_probability", bin.mean_probability()},
                    {"share_occupied", bin.share_occupied()}});
  return {{"expected_error", calibration.expected_error()},
          {"uncertain_error", calibration.uncertain_error()},
          {"uncertain_share", calibration.uncertain_share()},
          {"volume_ratio", calibration.volume_ratio()},
          {"bins", bins}};
}

nlohmann::json shapes_to_json(const ObjectMeasures& measures) {
  const auto& fscore = measures.options().fscore;
  nlohmann::json categories = nlohmann::json::object(), json;
  for (const ShapeRow& row : measures.shape_rows()) {
    const nlohmann::json entry{
        {"objects", row.objects}, {"fscore", row.fscore}, {"chamfer", row.chamfer}};
    if (row.name == "overall")
      json["overall"] = entry;
    else if (row.name == "mean over categories")
      json["mean_over_categories"] = entry;
    else
      categories[row.name] = entry;
  }
  json["categories"] = categories;
  json["distances"] = fscore_distances;
  json["points"] = fscore->points;
  json["seed"] = fscore->seed;
  json["threshold"] = measures.options().shape_threshold;
  return json;
}

nlohmann::json to_json(const ViewResult& result) {
  nlohmann::json json{{"views", result.views},
                      {"model", iou_json(result.evaluation.iou)},
                      {"loss_merged", result.evaluation.loss_merged},
                      {"loss_refined", result.evaluation.loss_refined},
                      {"seconds", result.evaluation.seconds},
                      {"calibration", to_json(result.measures.calibration())}};
  if (result.measures.options().fscore) json["shapes"] = shapes_to_json(result.measures);
  if (result.pix3d) {
    const auto [threshold, iou] = result.pix3d->table().best();
    json["pix3d"] = {
        {"threshold", threshold}, {"iou", iou}, {"table", iou_json(result.pix3d->table())}};
  }
  return json;
}

}  // namespace

std::string to_text(const TestResults& results) {
  const ViewResult& first = results.by_views.front();
  std::string text;
  if (results.by_views.size() > 1)
    text += fmt::format("With {} view{}:\n", first.views, first.views == 1 ? "" : "s");
  text += iou_table(first, results) + shape_table(first) + views_table(results);
  for (const ViewResult& result : results.by_views)
    if (result.pix3d) text += pix3d_text(*result.pix3d, results.threshold);
  return text + foot(results);
}

nlohmann::json to_json(const TestResults& results) {
  // The first number of views stands at the top, where it always stood.
  nlohmann::json json = to_json(results.by_views.front());
  json["threshold"] = results.threshold;
  if (results.by_views.size() > 1) {
    json["by_views"] = nlohmann::json::array();
    for (const ViewResult& result : results.by_views) json["by_views"].push_back(to_json(result));
  }
  if (results.baselines) json["baselines"] = baselines_json(*results.baselines);
  if (results.retrieval)
    json["nearest_picture"] = {{"iou", iou_json(results.retrieval->iou)},
                               {"fscore_at_0.01", results.retrieval->fscore},
                               {"chamfer", results.retrieval->chamfer}};
  return json;
}

}  // namespace voxgrad::apps
