#include "datasets/shapenetcore/shapenetcore.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "datasets/common/data_errors.h"
#include "datasets/shapenet/layout.h"
#include "datasets/shapenet/view_cameras.h"
#include "io/file.h"
#include "voxels/grid/binvox.h"
#include "voxels/grid/fit.h"
#include "voxels/mesh/mesh_reader.h"
#include "voxels/voxelize/voxelize.h"

namespace voxgrad {
namespace fs = std::filesystem;
namespace {

std::string layout(const fs::path& root) {
  const std::string base = (root / "").string();
  return "expected is ShapeNetCore as it unpacks:\n  " + base +
         "<synset>/<id>/models/model_normalized.{obj,solid.binvox}  (v2)\n  " + base +
         "<synset>/<id>/model.{obj,solid.binvox}                    (v1)";
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');) {
    while (!cell.empty() && (cell.back() == '\r' || cell.back() == ' ')) cell.pop_back();
    cells.push_back(cell);
  }
  return cells;
}

bool plain(const std::string& name) {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         std::ranges::none_of(name,
                              [](unsigned char c) { return c < 0x20 || c == '/' || c == '\\'; });
}

Taxonomy read_csv(const fs::path& file) {
  constexpr std::size_t max_bytes = std::size_t{64} << 20;
  const std::vector<std::uint8_t> bytes = read_as_data([&] { return read_file(file, max_bytes); });
  std::istringstream lines(std::string(bytes.begin(), bytes.end()));
  std::string line;
  std::getline(lines, line);
  const std::vector<std::string> header = cells_of(line);
  const auto column = [&](const char* name) {
    const auto found = std::ranges::find(header, name);
    check<DataError>(found != header.end(), file.string(), ": has no column ", name);
    return std::size_t(found - header.begin());
  };
  const std::size_t synset = column("synsetId"), model = column("modelId"), split = column("split");
  std::map<std::string, Category> categories;
  std::set<std::pair<std::string, std::string>> known;
  for (int number = 2; std::getline(lines, line); ++number) {
    const std::vector<std::string> cells = cells_of(line);
    if (cells.empty()) continue;
    check<DataError>(cells.size() > std::max({synset, model, split}) && plain(cells[synset]) &&
                         plain(cells[model]),
                     file.string(), ":", number, ": not a row of ids");
    Category& category = categories[cells[synset]];
    category.taxonomy_id = category.taxonomy_name = cells[synset];
    check<DataError>(known.insert({cells[synset], cells[model]}).second, file.string(), ":", number,
                     ": ", cells[synset], "/", cells[model], " is listed twice");
    if (cells[split] == "train")
      category.train.push_back(cells[model]);
    else if (cells[split] == "val")
      category.val.push_back(cells[model]);
    else if (cells[split] == "test")
      category.test.push_back(cells[model]);
  }
  Taxonomy taxonomy;
  for (auto& [name, category] : categories) taxonomy.push_back(std::move(category));
  check<DataError>(!taxonomy.empty(), file.string(), ": lists no object");
  return taxonomy;
}

}  // namespace

fs::path shapenetcore_splits_file(const fs::path& root, const fs::path& given) {
  if (!given.empty()) return given;
  std::error_code error;
  for (const char* name : {"dataset.json", "all.csv"})
    if (fs::is_regular_file(root / name, error)) return root / name;
  fail<DataError>("no splits in ", root.string(),
                  ": 3D-R2N2's and Pix2Vox's are datasets/splits/ShapeNet.json of Voxgrad; name "
                  "them with --set data.taxonomy=FILE. ShapeNetCore's own all.csv would do, too");
}

Taxonomy read_shapenetcore_splits(const fs::path& file) {
  return file.extension() == ".csv" ? read_csv(file) : read_taxonomy(file);
}

ShapeNetCoreDataset::ShapeNetCoreDataset(const ShapeNetCoreOptions& options) : options_(options) {
  std::error_code error;
  check<DataError>(fs::is_directory(options.root, error), "no folder ", options.root.string(), "\n",
                   layout(options.root));
  const fs::path splits = shapenetcore_splits_file(options.root, options.taxonomy);
  ShapeNetFolders folders;
  folders.renderings = options.root / "ShapeNetRendering";
  const bool rendered = fs::is_directory(folders.renderings, error);
  for (const Category& category : read_shapenetcore_splits(splits))
    for (const std::string& id : category.objects(options.split)) {
      const fs::path folder = options.root / category.taxonomy_id / id;
      Object object;
      object.info = {category.taxonomy_id, category.taxonomy_name, id};
      object.mesh = folder / "models" / "model_normalized.obj";
      object.solid = folder / "models" / "model_normalized.solid.binvox";
      object.v2 = fs::is_regular_file(object.mesh, error);
      if (!object.v2) {
        object.mesh = folder / "model.obj";
        object.solid = folder / "model.solid.binvox";
        if (!fs::is_regular_file(object.mesh, error)) {
          ++missing_;
          if (options.missing) options.missing->push_back({object.info, object.mesh.string()});
          continue;
        }
      }
      if (!fs::is_regular_file(object.solid, error)) object.solid.clear();
      if (rendered) {
        ShapeNetFiles files = find_shapenet_files(folders, category.taxonomy_id, id);
        object.rendering = files.rendering;
        object.pictures = std::move(files.views);
      }
      objects_.push_back(std::move(object));
    }
  check<DataError>(size() > 0 || options.missing, options.root.string(), ": none of ", missing_,
                   " objects of split \"", options.split, "\" in ", splits.string(), " is there\n",
                   layout(options.root));
}

const ShapeNetCoreDataset::Object& ShapeNetCoreDataset::object_at(std::int64_t object) const {
  check(object >= 0 && object < size(), "[dataset] object ", object, " of ", size());
  return objects_[std::size_t(object)];
}

const ObjectInfo& ShapeNetCoreDataset::info(std::int64_t object) const {
  return object_at(object).info;
}

int ShapeNetCoreDataset::view_count(std::int64_t object) const {
  const Object& found = object_at(object);
  return found.pictures.empty() ? pictures_.count() : int(found.pictures.size());
}

Mesh ShapeNetCoreDataset::load(const Object& object) const {
  return read_as_data([&] {
    Mesh mesh = read_mesh(object.mesh);
    return object.v2 ? shapenet_v2_turn(std::move(mesh)) : mesh;
  });
}

fs::path ShapeNetCoreDataset::picture_path(const Object& object, int view) const {
  check(view >= 0 && view < int(object.pictures.size()), "[dataset] view ", view, " of ",
        object.pictures.size(), ": ", object.rendering.string());
  return object.rendering / object.pictures[std::size_t(view)];
}

Image ShapeNetCoreDataset::view(std::int64_t object, int view) const {
  const Object& found = object_at(object);
  if (!found.pictures.empty()) return read_view(picture_path(found, view), options_.lenient);
  return read_as_data([&] {
    return pictures_.picture(
        found.info.taxonomy_id + "/" + found.info.object_id, [&] { return load(found); }, view);
  });
}

VoxelGrid ShapeNetCoreDataset::volume(std::int64_t object) const {
  const Object& found = object_at(object);
  return read_as_data([&] {
    if (found.solid.empty()) return voxelize(load(found), options_.n_vox);
    VoxelGrid grid = read_binvox(found.solid);
    check<DataError>(grid.count() > 0, found.solid.string(), ": the volume is empty");
    if (found.v2) grid = shapenet_v2_turn(grid);
    return fit_to_cube(grid, options_.n_vox);
  });
}

std::string ShapeNetCoreDataset::view_name(std::int64_t object, int view) const {
  const Object& found = object_at(object);
  return found.pictures.empty() ? concat(found.mesh.string(), ", view ", view)
                                : picture_path(found, view).string();
}

std::string ShapeNetCoreDataset::volume_name(std::int64_t object) const {
  const Object& found = object_at(object);
  return (found.solid.empty() ? found.mesh : found.solid).string();
}

std::optional<GridCamera> ShapeNetCoreDataset::camera(std::int64_t object, int view) const {
  const Object& found = object_at(object);
  if (!found.pictures.empty())
    return rendering_camera(found.rendering, int(found.pictures.size()), view,
                            [&] { return volume(object); });
  return pictures_.camera(
      found.info.taxonomy_id + "/" + found.info.object_id, [&] { return load(found); }, view);
}

}  // namespace voxgrad
