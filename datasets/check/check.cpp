#include "datasets/check/check.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "datasets/check/findings.h"
#include "datasets/check/for_each_index.h"
#include "datasets/check/set_notes.h"
#include "datasets/shapenet/layout.h"
#include "datasets/shapenet/taxonomy.h"
#include "datasets/shapenet/view_cameras.h"
#include "io/checksummed_file.h"
#include "tensor/error.h"

namespace voxgrad {
namespace fs = std::filesystem;
namespace {

constexpr double surface_share = 0.3;   // enclosed voxels over occupied ones
constexpr double clearly_better = 0.2;  // of IoU: another orientation of the axes

std::uint64_t hash_of_pixels(const Image& picture) {
  const std::uint64_t hash = checksum(picture.pixels);
  return hash == 0 ? 1 : hash;
}

/// Of the occupied voxels, independent of their values.
std::uint64_t hash_of_voxels(const VoxelGrid& grid) {
  std::vector<std::uint8_t> full;
  full.reserve(grid.values.size());
  for (const float value : grid.values) full.push_back(value >= 0.5f ? 1 : 0);
  const std::uint64_t hash = checksum(full);
  return hash == 0 ? 1 : hash;
}

void check_picture(const std::string& name, const Image& picture) {
  if (picture.channels % 2 == 1) return;
  const auto channels = std::size_t(picture.channels);
  for (std::size_t i = channels - 1; i < picture.pixels.size(); i += channels)
    if (picture.pixels[i] != 0) return;
  fail<DataError>(name, ": the picture is empty (alpha is 0 everywhere)");
}

/// What can be said of a volume alone.
void check_volume(const std::string& name, const VoxelGrid& grid, ObjectFindings& found) {
  const std::int64_t occupied = grid.count();
  check<DataError>(occupied > 0, name, ": the volume is empty");
  found.resolution = grid.n;
  found.volume_hash = hash_of_voxels(grid);
  for (int axis = 0; axis < 3; ++axis) found.mirror[std::size_t(axis)] = mirror_iou(grid, axis);
  if (occupied == std::int64_t(grid.values.size()))
    found.notes.push_back(name + ": every voxel of the volume is occupied");
  const double enclosed = enclosed_share(grid);
  if (enclosed > surface_share)
    found.notes.push_back(
        concat(name, ": the volume seems to be a surface without its inside: ", int(100 * enclosed),
               " empty voxels are shut in for 100 occupied"));
}

/// Does the picture show the volume as its camera says?
void compare_with_picture(const std::string& name, const VoxelGrid& grid, const Image& picture,
                          const std::optional<GridCamera>& camera, ObjectFindings& found) {
  if (!camera) return;
  const std::optional<SilhouetteFit> fit = fit_silhouette(grid, picture, *camera);
  if (!fit || fit->best < fit->as_it_is + clearly_better) return;
  found.notes.push_back(concat(name, ": the volume's axes seem to be wrong: with ",
                               fit->best_change, " it covers its picture's object with an IoU of ",
                               int(100 * fit->best), "%, as it is with ", int(100 * fit->as_it_is),
                               "%"));
}

/// Runs a check of one file; its error is a file that is missing, or damaged.
template <class Check>
void look_at(const std::string& name, ObjectFindings& found, const Check& check_file) {
  try {
    check_file();
  } catch (const Error& error) {
    std::error_code ignored;
    const fs::path file(name);
    if (file.is_absolute() && !fs::exists(file, ignored))
      found.missing.push_back(name);
    else
      found.bad.push_back({name, error.what()});
  }
}

/// Pictures that rendering/renderings.txt (optional) promises and that are not there.
void find_missing_views(const ShapeNetFiles& files, ObjectFindings& found) {
  for (const std::string& name : listed_renderings(files.rendering)) {
    if (std::ranges::count(files.views, name) == 0)
      found.missing.push_back((files.rendering / name).string());
  }
}

/// An object in 3D-R2N2's layout, whose files may all be missing.
void check_files(ObjectCheck& object, const ShapeNetFolders& folders, bool decode) {
  ObjectFindings& found = object.found;
  const ShapeNetFiles files =
      find_shapenet_files(folders, object.info.taxonomy_id, object.info.object_id);
  found.complete = files.complete();
  found.views = std::int64_t(files.views.size());
  if (files.views.empty()) found.missing.push_back(files.first_missing().string());
  const fs::path list = files.rendering / "renderings.txt";
  if (!files.views.empty()) {
    try {
      find_missing_views(files, found);
    } catch (const Error& error) {
      found.bad.push_back({list.string(), error.what()});
    }
  }
  if (!files.has_volume) found.missing.push_back(files.volume.string());
  if (!decode) return;
  std::optional<Image> first;
  for (const std::string& view : files.views) {
    const fs::path file = files.rendering / view;
    look_at(file.string(), found, [&] {
      Image picture = read_view(file);
      check_picture(file.string(), picture);
      const std::string kind = concat(picture.width, "x", picture.height, "x", picture.channels);
      if (found.picture_kind.empty()) {
        found.picture_kind = kind;
        found.picture_hash = hash_of_pixels(picture);
        if (&view == &files.views.front()) first = std::move(picture);
      } else if (kind != found.picture_kind) {
        found.notes.push_back(concat(file.string(), ": the picture is ", kind,
                                     ", others of the object are ", found.picture_kind));
      }
    });
  }
  if (!files.has_volume) return;
  look_at(files.volume.string(), found, [&] {
    const VoxelGrid grid = read_volume(files.volume);
    check_volume(files.volume.string(), grid, found);
    const auto camera =
        rendering_camera(files.rendering, int(files.views.size()), 0, [&] { return grid; });
    if (first) compare_with_picture(files.volume.string(), grid, *first, camera, found);
    std::error_code ignored;
    if (!camera && fs::exists(files.rendering / "rendering_metadata.txt", ignored))
      found.notes.push_back((files.rendering / "rendering_metadata.txt").string() +
                            ": has not a sound line for each picture");
  });
}

/// An object of any set.
void check_through(ObjectCheck& object, const Dataset& dataset, bool decode) {
  ObjectFindings& found = object.found;
  const std::int64_t place = object.place;
  found.views = dataset.view_count(place);
  found.complete = found.views > 0;
  if (!decode) return;
  std::optional<Image> first;
  for (int view = 0; view < found.views; ++view) {
    const std::string name = dataset.view_name(place, view);
    look_at(name, found, [&] {
      Image picture = dataset.view(place, view);
      dataset.box(place, view);
      check_picture(name, picture);
      if (view > 0) return;
      found.picture_kind = concat(picture.width, "x", picture.height, "x", picture.channels);
      found.picture_hash = hash_of_pixels(picture);
      first = std::move(picture);
    });
  }
  std::string name = concat(object.info.taxonomy_id, "/", object.info.object_id);
  try {
    name = dataset.volume_name(place);
  } catch (const Error&) {  // its annotation cannot be read: the error below says so
  }
  look_at(name, found, [&] {
    const VoxelGrid grid = dataset.volume(place);
    check_volume(name, grid, found);
    if (first) compare_with_picture(name, grid, *first, dataset.camera(place, 0), found);
  });
  found.complete = found.missing.empty();
}

/// Folders of objects that no split lists.
void note_unlisted(const Taxonomy& taxonomy, const ShapeNetFolders& folders,
                   std::vector<std::string>& notes) {
  for (const Category& category : taxonomy) {
    std::set<std::string> listed;
    for (const auto* split : {&category.train, &category.val, &category.test})
      listed.insert(split->begin(), split->end());
    std::int64_t others = 0;
    std::string first;
    std::error_code error;
    for (fs::directory_iterator it(folders.volumes / category.taxonomy_id, error), end;
         !error && it != end; it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (listed.contains(name) || name.starts_with('.')) continue;
      if (others++ == 0 || name < first) first = name;
    }
    if (others > 0)
      notes.push_back(concat(others, " of the objects in ",
                             (folders.volumes / category.taxonomy_id).string(),
                             " are in no split; the first: ", first));
  }
}

DatasetReport summarise(const std::vector<ObjectCheck>& objects) {
  DatasetReport report;
  std::map<std::string, std::size_t> places;
  for (const ObjectCheck& object : objects) {
    const auto [known, is_new] =
        places.try_emplace(object.info.taxonomy_id, report.categories.size());
    if (is_new)
      report.categories.push_back({object.info.taxonomy_id, object.info.taxonomy_name, {}});
    SplitCount& count = report.categories[known->second].splits[object.split];
    const ObjectFindings& found = object.found;
    ++count.listed;
    count.complete += found.complete ? 1 : 0;
    count.views += found.views;
    report.missing.insert(report.missing.end(), found.missing.begin(), found.missing.end());
    report.bad.insert(report.bad.end(), found.bad.begin(), found.bad.end());
    report.notes.insert(report.notes.end(), found.notes.begin(), found.notes.end());
    report.interrupted = report.interrupted || !object.done;
  }
  return report;
}

std::size_t place_of_split(const std::string& split) {
  const auto& names = DatasetReport::split_names;
  return std::size_t(std::ranges::find(names, split) - names.begin());
}

/// Every object of every split, and the data sets to look at them through (none for 3D-R2N2's).
struct Listing {
  std::vector<ObjectCheck> objects;
  std::array<std::unique_ptr<Dataset>, 3> splits;
  Taxonomy taxonomy;
  ShapeNetFolders folders;
};

Listing list_objects(const DatasetSource& source) {
  Listing listing;
  const auto add = [&](const ObjectInfo& info, std::size_t split, std::int64_t place) {
    ObjectCheck& object = listing.objects.emplace_back();
    object.info = info;
    object.split = split;
    object.place = place;
  };
  if (source.kind == "shapenet") {
    listing.folders = find_shapenet_folders(source.root, source.taxonomy);
    listing.taxonomy = read_taxonomy(listing.folders.taxonomy);
    for (const Category& category : listing.taxonomy)
      for (std::size_t s = 0; s < DatasetReport::split_names.size(); ++s)
        for (const std::string& id : category.objects(DatasetReport::split_names[s]))
          add({category.taxonomy_id, category.taxonomy_name, id}, s, 0);
    return listing;
  }
  for (const std::string& split : splits_of(source)) {
    const std::size_t s = place_of_split(split);
    std::vector<MissingObject> missing;
    DatasetSource here = source;
    here.missing = &missing;
    listing.splits[s] = open_dataset(here, split);
    for (std::int64_t i = 0; i < listing.splits[s]->size(); ++i)
      add(listing.splits[s]->info(i), s, i);
    for (const auto& [info, file] : missing) {
      add(info, s, -1);
      listing.objects.back().found.missing.push_back(file);
      listing.objects.back().done = true;
    }
  }
  return listing;
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
  return check_dataset(DatasetSource{.root = root, .taxonomy = options.taxonomy}, options);
}

DatasetReport check_dataset(const DatasetSource& source, const CheckOptions& options) {
  Listing listing = list_objects(source);
  const bool in_files = source.kind == "shapenet";
  CheckJournal journal(options.journal,
                       concat(source.kind, " ", source.root.string(), " ", source.taxonomy.string(),
                              " ", source.n_vox, options.decode ? "" : " fast"));
  std::mutex mutex;
  std::int64_t done = 0;
  const auto count = std::int64_t(listing.objects.size());
  for_each_index(count, options.threads, [&](std::int64_t i) {
    ObjectCheck& object = listing.objects[std::size_t(i)];
    const std::string name = object.name();
    const ObjectFindings* known = journal.find(name);
    if (!object.done && !known) {
      if (options.stop && *options.stop) return;
      if (in_files)
        check_files(object, listing.folders, options.decode);
      else
        check_through(object, *listing.splits[object.split], options.decode);
    }
    const std::lock_guard lock(mutex);
    if (known)
      object.found = *known;
    else if (!object.done)
      journal.add(name, object.found);
    object.done = true;
    if (options.progress) options.progress(++done, count);
  });
  DatasetReport report = summarise(listing.objects);
  if (in_files) note_unlisted(listing.taxonomy, listing.folders, report.notes);
  note_whole_set(source.kind, listing.objects, report);
  report.expected_layout = in_files ? shapenet_layout(source.root) : "";
  return report;
}

}  // namespace voxgrad
