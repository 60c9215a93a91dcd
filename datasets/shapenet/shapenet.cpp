#include "datasets/shapenet/shapenet.h"

#include <algorithm>
#include <set>

#include "datasets/shapenet/taxonomy.h"
#include "datasets/shapenet/view_cameras.h"
#include "tensor/error.h"

namespace voxgrad {
namespace fs = std::filesystem;
namespace {

std::string list_of(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Taxonomy select_categories(const Taxonomy& taxonomy, const std::vector<std::string>& wanted,
                           const fs::path& file) {
  if (wanted.empty()) return taxonomy;
  Taxonomy selected;
  std::set<std::string> known, unknown(wanted.begin(), wanted.end());
  for (const Category& category : taxonomy) {
    known.insert(category.taxonomy_name);
    bool chosen = false;
    for (const std::string& name : {category.taxonomy_id, category.taxonomy_name})
      if (std::ranges::count(wanted, name) > 0) {
        unknown.erase(name);
        chosen = true;
      }
    if (chosen) selected.push_back(category);
  }
  check<ConfigError>(unknown.empty(), "unknown category ", list_of(unknown), "; ", file.string(),
                     " has ", list_of(known));
  return selected;
}

}  // namespace

ShapeNetDataset::ShapeNetDataset(const ShapeNetOptions& options) : lenient_(options.lenient) {
  const ShapeNetFolders folders = find_shapenet_folders(options.root, options.taxonomy);
  const Taxonomy taxonomy =
      select_categories(read_taxonomy(folders.taxonomy), options.categories, folders.taxonomy);

  fs::path first_missing;
  for (const Category& category : taxonomy)
    for (const std::string& id : category.objects(options.split)) {
      ShapeNetFiles files = find_shapenet_files(folders, category.taxonomy_id, id);
      if (files.complete()) {
        objects_.push_back({{category.taxonomy_id, category.taxonomy_name, id}, std::move(files)});
        continue;
      }
      if (missing_++ == 0) first_missing = files.first_missing();
    }

  const std::int64_t listed = size() + missing_;
  check<DataError>(listed > 0, folders.taxonomy.string(), ": split \"", options.split,
                   "\" lists no objects",
                   options.categories.empty() ? "" : " of the chosen categories");
  check<DataError>(missing_ == 0 || (options.skip_missing && size() > 0), missing_, " of ", listed,
                   " objects of split \"", options.split,
                   "\" are incomplete; first missing: ", first_missing.string(), "\n",
                   shapenet_layout(options.root));
}

const ShapeNetDataset::Object& ShapeNetDataset::object_at(std::int64_t object) const {
  check(object >= 0 && object < size(), "[dataset] object ", object, " of ", size());
  return objects_[std::size_t(object)];
}

fs::path ShapeNetDataset::view_path(std::int64_t object, int view) const {
  const ShapeNetFiles& files = object_at(object).files;
  check(view >= 0 && view < int(files.views.size()), "[dataset] view ", view, " of ",
        files.views.size(), ": ", files.rendering.string());
  return files.rendering / files.views[std::size_t(view)];
}

const ObjectInfo& ShapeNetDataset::info(std::int64_t object) const {
  return object_at(object).info;
}

int ShapeNetDataset::view_count(std::int64_t object) const {
  return int(object_at(object).files.views.size());
}

Image ShapeNetDataset::view(std::int64_t object, int view) const {
  return read_view(view_path(object, view), lenient_);
}

VoxelGrid ShapeNetDataset::volume(std::int64_t object) const {
  return read_volume(object_at(object).files.volume);
}

std::string ShapeNetDataset::view_name(std::int64_t object, int view) const {
  return view_path(object, view).string();
}

std::string ShapeNetDataset::volume_name(std::int64_t object) const {
  return object_at(object).files.volume.string();
}

std::optional<GridCamera> ShapeNetDataset::camera(std::int64_t object, int view) const {
  const ShapeNetFiles& files = object_at(object).files;
  return rendering_camera(files.rendering, int(files.views.size()), view,
                          [&] { return volume(object); });
}

}  // namespace voxgrad
