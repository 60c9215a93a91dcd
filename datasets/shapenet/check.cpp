#include "datasets/shapenet/check.h"

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>
#include <optional>

#include "datasets/shapenet/layout.h"
#include "datasets/shapenet/taxonomy.h"
#include "tensor/error.h"

namespace voxgrad {
namespace fs = std::filesystem;
namespace {

/// Calls task(0..count-1) on several threads; rethrows the error of the lowest index.
template <class Task>
void for_each_index(std::int64_t count, int threads, const Task& task) {
  std::mutex mutex;
  std::int64_t failed = count;
  std::exception_ptr error;
#pragma omp parallel for schedule(dynamic) num_threads(std::max(threads, 1))
  for (std::int64_t i = 0; i < count; ++i) {
    try {
      task(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (i < failed) {
        failed = i;
        error = std::current_exception();
      }
    }
  }
  if (error) std::rethrow_exception(error);
}

/// One object of the taxonomy and what was found of it.
struct ObjectCheck {
  std::size_t category = 0, split = 0;
  std::string object_id;
  ShapeNetFiles files;
  std::optional<int> resolution;
  std::vector<std::string> missing, notes;
  std::vector<FileProblem> bad;
};

std::vector<ObjectCheck> list_objects(const Taxonomy& taxonomy) {
  std::vector<ObjectCheck> objects;
  for (std::size_t c = 0; c < taxonomy.size(); ++c)
    for (std::size_t s = 0; s < DatasetReport::split_names.size(); ++s)
      for (const std::string& id : taxonomy[c].objects(DatasetReport::split_names[s])) {
        ObjectCheck& object = objects.emplace_back();
        object.category = c;
        object.split = s;
        object.object_id = id;
      }
  return objects;
}

/// Pictures that rendering/renderings.txt (optional) promises and that are not there.
void find_missing_views(ObjectCheck& object) {
  for (const std::string& name : listed_renderings(object.files.rendering)) {
    if (std::ranges::count(object.files.views, name) == 0)
      object.missing.push_back((object.files.rendering / name).string());
  }
}

void check_view(const fs::path& file) {
  const Image picture = read_view(file);
  if (picture.channels % 2 == 1) return;
  const auto channels = std::size_t(picture.channels);
  for (std::size_t i = channels - 1; i < picture.pixels.size(); i += channels)
    if (picture.pixels[i] != 0) return;
  fail<DataError>(file.string(), ": the picture is empty (alpha is 0 everywhere)");
}

void check_volume(ObjectCheck& object) {
  const fs::path& file = object.files.volume;
  const VoxelGrid grid = read_volume(file);
  const std::int64_t occupied = grid.count();
  check<DataError>(occupied > 0, file.string(), ": the volume is empty");
  if (occupied == std::int64_t(grid.values.size()))
    object.notes.push_back(file.string() + ": every voxel of the volume is occupied");
  object.resolution = grid.n;
}

template <class Check>
void note_problem(ObjectCheck& object, const fs::path& file, const Check& check_file) {
  try {
    check_file();
  } catch (const Error& error) {
    object.bad.push_back({file.string(), error.what()});
  }
}

void check_object(ObjectCheck& object, const ShapeNetFolders& folders, const Category& category,
                  bool decode) {
  object.files = find_shapenet_files(folders, category.taxonomy_id, object.object_id);
  const ShapeNetFiles& files = object.files;
  if (files.views.empty()) object.missing.push_back(files.first_missing().string());
  const fs::path list = files.rendering / "renderings.txt";
  if (!files.views.empty()) note_problem(object, list, [&] { find_missing_views(object); });
  if (!files.has_volume) object.missing.push_back(files.volume.string());
  if (!decode) return;
  for (const std::string& view : files.views) {
    const fs::path file = files.rendering / view;
    note_problem(object, file, [&] { check_view(file); });
  }
  if (files.has_volume) note_problem(object, files.volume, [&] { check_volume(object); });
}

/// Objects of one name in different splits of different categories: perhaps the same model, in
/// training and in test. (Within a category the taxonomy refuses them.)
void note_shared_ids(const Taxonomy& taxonomy, const std::vector<ObjectCheck>& objects,
                     DatasetReport& report) {
  const auto place = [&](const ObjectCheck& object) {
    return concat(DatasetReport::split_names[object.split], " of ",
                  taxonomy[object.category].taxonomy_name);
  };
  std::map<std::string, const ObjectCheck*> first;
  for (const ObjectCheck& object : objects) {
    const auto [known, is_new] = first.try_emplace(object.object_id, &object);
    if (is_new || known->second->split == object.split) continue;
    report.notes.push_back(concat("object ", object.object_id, " is in ", place(*known->second),
                                  " and in ", place(object)));
  }
}

DatasetReport summarise(const Taxonomy& taxonomy, const std::vector<ObjectCheck>& objects) {
  DatasetReport report;
  for (const Category& category : taxonomy)
    report.categories.push_back({category.taxonomy_id, category.taxonomy_name, {}});
  std::optional<int> usual;
  for (const ObjectCheck& object : objects) {
    SplitCount& count = report.categories[object.category].splits[object.split];
    ++count.listed;
    count.complete += object.files.complete() ? 1 : 0;
    count.views += std::int64_t(object.files.views.size());
    report.missing.insert(report.missing.end(), object.missing.begin(), object.missing.end());
    report.bad.insert(report.bad.end(), object.bad.begin(), object.bad.end());
    report.notes.insert(report.notes.end(), object.notes.begin(), object.notes.end());
    if (!usual) usual = object.resolution;
    if (object.resolution && *object.resolution != *usual)
      report.bad.push_back({object.files.volume.string(),
                            concat("the volume has ", *object.resolution,
                                   " voxels a side, the first one of the set ", *usual)});
  }
  return report;
}

}  // namespace

SplitCount DatasetReport::total() const {
  SplitCount sum;
  for (const CategoryCount& category : categories)
    for (const SplitCount& split : category.splits) {
      sum.listed += split.listed;
      sum.complete += split.complete;
      sum.views += split.views;
    }
  return sum;
}

DatasetReport check_dataset(const fs::path& root, const CheckOptions& options) {
  const ShapeNetFolders folders = find_shapenet_folders(root, options.taxonomy);
  const Taxonomy taxonomy = read_taxonomy(folders.taxonomy);
  std::vector<ObjectCheck> objects = list_objects(taxonomy);
  const auto count = std::int64_t(objects.size());
  std::mutex mutex;
  std::int64_t done = 0;
  for_each_index(count, options.threads, [&](std::int64_t i) {
    ObjectCheck& object = objects[std::size_t(i)];
    check_object(object, folders, taxonomy[object.category], options.decode);
    const std::lock_guard lock(mutex);
    ++done;
    if (options.progress) options.progress(done, count);
  });
  DatasetReport report = summarise(taxonomy, objects);
  note_shared_ids(taxonomy, objects, report);
  report.expected_layout = shapenet_layout(root);
  return report;
}

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
