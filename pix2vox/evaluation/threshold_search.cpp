#include "pix2vox/evaluation/threshold_search.h"

#include <algorithm>

#include "tensor/error.h"

namespace voxgrad {
namespace {

std::vector<double> tried_thresholds() {
  std::vector<double> thresholds;
  for (int i = 1; i < 50; ++i) thresholds.push_back(i / 50.0);
  return thresholds;
}

}  // namespace

std::vector<double> iou_at_ascending(const float* probability, const float* truth,
                                     std::int64_t count, const std::vector<double>& thresholds) {
  // predicted[k], both[k]: voxels that reach just the first k thresholds.
  std::vector<std::int64_t> predicted(thresholds.size() + 1), both(thresholds.size() + 1);
  std::int64_t occupied = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const bool full = truth[i] >= 0.5f;
    occupied += full;
    if (thresholds.empty() || probability[i] < thresholds.front()) continue;
    const auto k = std::size_t(std::ranges::upper_bound(thresholds, double(probability[i])) -
                               thresholds.begin());
    ++predicted[k];
    both[k] += full;
  }
  std::vector<double> result(thresholds.size());
  std::int64_t p = 0, b = 0;
  for (std::size_t k = thresholds.size(); k > 0; --k) {
    p += predicted[k];
    b += both[k];
    const std::int64_t either = p + occupied - b;
    result[k - 1] = either == 0 ? 1.0 : double(b) / double(either);
  }
  return result;
}

ThresholdSearch::ThresholdSearch() : thresholds_(tried_thresholds()), table_(thresholds_) {}

void ThresholdSearch::add(const ObjectInfo& object, const float* probability, const float* truth,
                          std::int64_t count) {
  const std::vector<double> iou = iou_at_ascending(probability, truth, count, thresholds_);
  table_.add(object, iou);
  auto place = std::ranges::find_if(categories_, [&](const Category& c) {
    return c.info.taxonomy_id == object.taxonomy_id && c.info.taxonomy_name == object.taxonomy_name;
  });
  if (place == categories_.end())
    place = categories_.insert(place, {object, IouTable(thresholds_)});
  place->table.add(object, iou);
}

std::pair<double, double> ThresholdSearch::best() const {
  check(!empty(), "[ThresholdSearch] no objects");
  return table_.best();
}

std::vector<CategoryThreshold> ThresholdSearch::by_category() const {
  std::vector<CategoryThreshold> result;
  for (const Category& c : categories_)
    result.push_back({c.info.taxonomy_id, c.info.taxonomy_name, c.table.best().first});
  std::ranges::sort(result, {}, [](const CategoryThreshold& c) { return std::pair(c.name, c.id); });
  return result;
}

}  // namespace voxgrad
