#include "pix2vox/training/iou_json.h"

#include <nlohmann/json.hpp>

namespace voxgrad {

nlohmann::json iou_json(const IouTable& table) {
  const auto row = [](const IouTable::Row& r) {
    return nlohmann::json{{"objects", r.objects}, {"iou", r.mean}};
  };
  nlohmann::json categories = nlohmann::json::object();
  for (const IouTable::Row& each : table.categories()) categories[each.name] = row(each);
  return {{"thresholds", table.thresholds()},
          {"categories", categories},
          {"overall", row(table.overall())},
          {"mean_over_categories", row(table.mean_over_categories())}};
}

nlohmann::json baselines_json(const Baselines& baselines) {
  return {{"mean_shape", iou_json(baselines.mean_shape)},
          {"category_mean_shape", iou_json(baselines.category_mean_shape)},
          {"best_training_shape", iou_json(baselines.best_training_shape)}};
}

}  // namespace voxgrad
