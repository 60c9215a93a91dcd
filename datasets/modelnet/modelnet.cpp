#include "datasets/modelnet/modelnet.h"

#include <algorithm>
#include <set>

#include "datasets/common/data_errors.h"
#include "datasets/shapenet/taxonomy.h"
#include "io/file.h"
#include "voxels/mesh/mesh_reader.h"
#include "voxels/voxelize/voxelize.h"

namespace voxgrad {
namespace fs = std::filesystem;
namespace {

std::string layout(const fs::path& root) {
  const std::string base = (root / "").string();
  return "expected is ModelNet10 or ModelNet40 as it unpacks:\n  " + base +
         "<class>/train/<class>_0001.off ...\n  " + base + "<class>/test/<class>_0101.off ...";
}

std::set<fs::path> entries_of(const fs::path& folder) {
  std::set<fs::path> entries;  // in a fixed order
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    entries.insert(it->path());
  return entries;
}

/// Classes: folders with train or test below them.
std::vector<fs::path> classes_of(const fs::path& root) {
  std::vector<fs::path> classes;
  std::error_code error;
  for (const fs::path& folder : entries_of(root))
    if (fs::is_directory(folder / "train", error) || fs::is_directory(folder / "test", error))
      classes.push_back(folder);
  check<DataError>(!classes.empty(), root.string(), ": has no class of ModelNet\n", layout(root));
  return classes;
}

Mesh load(const fs::path& file) {
  return read_as_data([&] { return modelnet_turn(read_mesh(file)); });
}

}  // namespace

ModelNetDataset::ModelNetDataset(const ModelNetOptions& options) : n_vox_(options.n_vox) {
  if (options.taxonomy.empty()) {
    for (const fs::path& folder : classes_of(options.root)) {
      const std::string name = folder.filename().string();
      for (const fs::path& file : entries_of(folder / options.split))
        if (file.extension() == ".off")
          objects_.push_back({{name, name, file.stem().string()}, file});
    }
    check<DataError>(size() > 0, options.root.string(), ": split \"", options.split,
                     "\" has no objects\n", layout(options.root));
    return;
  }
  std::error_code error;
  for (const Category& category : read_taxonomy(options.taxonomy))
    for (const std::string& id : category.objects(options.split)) {
      const fs::path folder = options.root / category.taxonomy_id;
      fs::path file = folder / "train" / (id + ".off");
      if (!fs::is_regular_file(file, error)) file = folder / "test" / (id + ".off");
      if (options.missing && !fs::is_regular_file(file, error)) {
        options.missing->push_back(
            {{category.taxonomy_id, category.taxonomy_name, id}, file.string()});
        continue;
      }
      check<DataError>(fs::is_regular_file(file, error), options.taxonomy.string(), " lists ",
                       category.taxonomy_id, "/", id, ", but there is no ", file.string());
      objects_.push_back({{category.taxonomy_id, category.taxonomy_name, id}, file});
    }
  check<DataError>(size() > 0 || options.missing, options.taxonomy.string(), ": split \"",
                   options.split, "\" lists no objects");
}

const ModelNetDataset::Object& ModelNetDataset::object_at(std::int64_t object) const {
  check(object >= 0 && object < size(), "[dataset] object ", object, " of ", size());
  return objects_[std::size_t(object)];
}

const ObjectInfo& ModelNetDataset::info(std::int64_t object) const {
  return object_at(object).info;
}

int ModelNetDataset::view_count(std::int64_t object) const {
  object_at(object);
  return pictures_.count();
}

Image ModelNetDataset::view(std::int64_t object, int view) const {
  const Object& found = object_at(object);
  return read_as_data([&] {
    return pictures_.picture(
        found.info.object_id, [&] { return load(found.file); }, view);
  });
}

VoxelGrid ModelNetDataset::volume(std::int64_t object) const {
  const fs::path& file = object_at(object).file;
  return read_as_data([&] {
    VoxelGrid grid = voxelize(load(file), n_vox_);
    check<DataError>(grid.count() > 0, file.string(), ": the volume is empty");
    return grid;
  });
}

std::string ModelNetDataset::view_name(std::int64_t object, int view) const {
  return concat(object_at(object).file.string(), ", view ", view);
}

std::string ModelNetDataset::volume_name(std::int64_t object) const {
  return object_at(object).file.string();
}

std::optional<GridCamera> ModelNetDataset::camera(std::int64_t object, int view) const {
  const Object& found = object_at(object);
  return pictures_.camera(
      found.info.object_id, [&] { return load(found.file); }, view);
}

std::vector<std::string> modelnet_splits(const fs::path& root) {
  std::vector<std::string> splits;
  std::error_code error;
  const std::vector<fs::path> classes = classes_of(root);
  for (const char* split : {"train", "val", "test"})
    if (std::ranges::any_of(
            classes, [&](const fs::path& folder) { return !entries_of(folder / split).empty(); }))
      splits.emplace_back(split);
  return splits;
}

}  // namespace voxgrad
