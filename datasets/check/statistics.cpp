#include <algorithm>

#include "datasets/check/check.h"
#include "datasets/check/for_each_index.h"
#include "tensor/error.h"

namespace voxgrad {

DatasetStatistics dataset_statistics(const Dataset& dataset, int threads) {
  struct Facts {
    std::string picture_kind;
    int resolution = 0;
    double occupancy = 0;
  };
  std::vector<Facts> facts(static_cast<std::size_t>(dataset.size()));
  for_each_index(dataset.size(), threads, [&](std::int64_t i) {
    const Image picture = dataset.view(i, 0);
    const VoxelGrid volume = dataset.volume(i);
    facts[std::size_t(i)] = {
        concat(picture.width, "x", picture.height, "x", picture.channels), volume.n,
        double(volume.count()) / double(std::max<std::size_t>(volume.values.size(), 1))};
  });

  DatasetStatistics result;
  result.objects = dataset.size();
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const Facts& fact = facts[std::size_t(i)];
    const int views = dataset.view_count(i);
    const bool first = i == 0;
    result.views += views;
    result.min_views = first ? views : std::min(result.min_views, views);
    result.max_views = std::max(result.max_views, views);
    result.min_occupancy = first ? fact.occupancy : std::min(result.min_occupancy, fact.occupancy);
    result.max_occupancy = std::max(result.max_occupancy, fact.occupancy);
    result.mean_occupancy += fact.occupancy / double(result.objects);
    ++result.picture_kinds[fact.picture_kind];
    ++result.resolutions[fact.resolution];
    CategoryStatistics& category = result.categories[dataset.info(i).taxonomy_name];
    ++category.objects;
    category.views += views;
    category.mean_occupancy += fact.occupancy;
  }
  for (auto& [name, category] : result.categories)
    category.mean_occupancy /= double(category.objects);
  return result;
}

}  // namespace voxgrad
