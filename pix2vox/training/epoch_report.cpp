#include "pix2vox/training/epoch_report.h"

#include <algorithm>

namespace voxgrad {

MetricsRow metrics_row(const EpochReport& report, const std::vector<double>& thresholds,
                       const std::vector<std::pair<std::string, double>>& rates) {
  MetricsRow row;
  const auto add = [&](const std::string& name, const auto& value) {
    row.emplace_back(name, concat(value));
  };
  const auto add_if = [&](bool there, const std::string& name, double value) {
    row.emplace_back(name, there ? concat(value) : std::string());
  };
  const bool refined = report.refined, validated = report.validation.overall().objects > 0;
  add("epoch", report.epoch);
  add("n_views", report.n_views);
  add("loss_merged", report.loss_merged);
  add_if(refined, "loss_refined", report.loss_refined);
  add_if(validated, "validation_loss_merged", report.validation_loss_merged);
  add_if(validated && refined, "validation_loss_refined", report.validation_loss_refined);
  const std::vector<double> iou = report.validation.overall().mean;
  for (std::size_t i = 0; i < thresholds.size(); ++i)
    add_if(validated, concat("iou_at_", thresholds[i]), validated ? iou[i] : 0);
  add_if(validated, "mean_iou", report.validation.mean_over_thresholds());
  for (const auto& [part, rate] : rates) add("learning_rate_" + part, rate);
  add("seconds", report.seconds);
  add("samples_per_second", report.samples_per_second);
  add("data_wait_share", report.data_wait_share);
  add("skipped_objects", report.skipped_objects);
  add("time", time_of_day());
  return row;
}

MetricsRow categories_row(const EpochReport& report) {
  const std::vector<IouTable::Row> categories = report.validation.categories();
  if (categories.empty()) return {};
  MetricsRow row{{"epoch", concat(report.epoch)}};
  for (const IouTable::Row& category : categories) {
    std::string name = category.name;
    std::ranges::replace_if(
        name, [](unsigned char c) { return c == ',' || c < ' '; }, ' ');
    double sum = 0;
    for (const double iou : category.mean) sum += iou;
    row.emplace_back(name, concat(sum / double(category.mean.size())));
  }
  return row;
}

}  // namespace voxgrad
