#include "datasets/pix3d/pix3d.h"

#include <algorithm>

#include "datasets/common/data_errors.h"
#include "datasets/shapenet/taxonomy.h"
#include "io/mat/mat_file.h"
#include "voxels/grid/fit.h"
#include "voxels/mesh/mesh_reader.h"

namespace voxgrad {
namespace fs = std::filesystem;
namespace {

std::string layout(const fs::path& root) {
  const std::string base = (root / "").string();
  return "expected is Pix3D's archive as it unpacks:\n  " + base + "pix3d.json\n  " + base +
         "img/<category>/0001.png ...\n  " + base + "mask/<category>/0001.png ...\n  " + base +
         "model/<category>/<model>/{model.obj, voxel.mat}";
}

std::vector<Pix3dEntry> entries_by_rule(std::vector<Pix3dEntry> all, const Pix3dOptions& options) {
  check<ConfigError>(options.split == "test", "Pix3D has no split \"", options.split,
                     "\" of its own: it evaluates networks that were trained elsewhere. "
                     "data.taxonomy may name a JSON file with lists of pictures for it");
  std::erase_if(
      all, [](const Pix3dEntry& entry) { return entry.category != "chair" || !entry.whole(); });
  return all;
}

std::vector<Pix3dEntry> entries_of_list(const std::vector<Pix3dEntry>& all,
                                        const Pix3dOptions& options) {
  std::map<std::pair<std::string, std::string>, const Pix3dEntry*> by_id;
  for (const Pix3dEntry& entry : all) by_id[{entry.category, entry.id()}] = &entry;
  std::vector<Pix3dEntry> listed;
  for (const Category& category : read_taxonomy(options.taxonomy))
    for (const std::string& id : category.objects(options.split)) {
      const auto found = by_id.find({category.taxonomy_id, id});
      check<DataError>(found != by_id.end(), options.taxonomy.string(), " lists ",
                       category.taxonomy_id, "/", id, ", which ",
                       (options.root / "pix3d.json").string(), " does not have");
      listed.push_back(*found->second);
    }
  return listed;
}

/// The variable with the voxels: `voxel`, or the only array of three dimensions.
const MatArray& find_voxels(const std::vector<MatArray>& variables, const std::string& file) {
  const auto is_volume = [](const MatArray& array) {
    return array.kind == MatArray::Kind::numbers && array.extents.size() == 3;
  };
  for (const MatArray& array : variables)
    if (array.name == "voxel" && is_volume(array)) return array;
  const auto found = std::ranges::find_if(variables, is_volume);
  check<DataError>(found != variables.end(), file, ": has no array of three dimensions");
  return *found;
}

}  // namespace

VoxelGrid read_pix3d_voxels(const fs::path& file) {
  return read_as_data([&] {
    const std::string name = file.string();
    const std::vector<MatArray> variables = read_mat(file);
    const MatArray& voxels = find_voxels(variables, name);
    const std::int64_t n = voxels.extents[0];
    check<DataError>(n >= 1 && n <= 512 && voxels.extents[1] == n && voxels.extents[2] == n, name,
                     ": the voxels are ", voxels.extents[0], " x ", voxels.extents[1], " x ",
                     voxels.extents[2], ", expected a cube of 1 to 512 per side");
    VoxelGrid grid{int(n)};
    std::int64_t at = 0;  // i runs fastest
    for (int k = 0; k < grid.n; ++k)
      for (int j = 0; j < grid.n; ++j)
        for (int i = 0; i < grid.n; ++i) grid.at(i, j, k) = voxels.number(at++) > 0 ? 1.0f : 0.0f;
    return pix3d_voxels_turn(grid);
  });
}

Pix3dDataset::Pix3dDataset(const Pix3dOptions& options) : options_(options) {
  const fs::path list = options.root / "pix3d.json";
  std::error_code error;
  check<DataError>(fs::is_regular_file(list, error), "no file ", list.string(), "\n",
                   layout(options.root));
  std::vector<Pix3dEntry> entries = read_pix3d(list);
  entries = options.taxonomy.empty() ? entries_by_rule(std::move(entries), options)
                                     : entries_of_list(entries, options);
  check<DataError>(!entries.empty(), options.root.string(), ": split \"", options.split,
                   "\" has no pictures");
  for (Pix3dEntry& entry : entries) {
    ObjectInfo info{entry.category, entry.category, entry.id()};
    objects_.push_back({std::move(info), std::move(entry)});
  }
}

const Pix3dDataset::Object& Pix3dDataset::object_at(std::int64_t object) const {
  check(object >= 0 && object < size(), "[dataset] object ", object, " of ", size());
  return objects_[std::size_t(object)];
}

const Pix3dEntry& Pix3dDataset::entry(std::int64_t object) const {
  return object_at(object).entry;
}

const ObjectInfo& Pix3dDataset::info(std::int64_t object) const {
  return object_at(object).info;
}

int Pix3dDataset::view_count(std::int64_t object) const {
  object_at(object);
  return 1;
}

fs::path Pix3dDataset::picture_path(const Pix3dEntry& entry) const {
  fs::path picture = options_.root / entry.picture;
  // One chair is a TIFF; people convert it.
  if (picture.extension() == ".tiff" || picture.extension() == ".tif") {
    std::error_code error;
    fs::path converted = picture;
    converted.replace_extension(".png");
    if (fs::is_regular_file(converted, error)) return converted;
  }
  return picture;
}

Image Pix3dDataset::view(std::int64_t object, int) const {
  const Pix3dEntry& annotation = entry(object);
  const fs::path file = picture_path(annotation);
  std::vector<std::string> warnings;
  const auto read = [&](Orientation orientation) {
    return read_as_data(
        [&] { return read_image(file, options_.lenient ? &warnings : nullptr, orientation); });
  };
  const auto fits = [&](const Image& picture) {
    return picture.width == annotation.size[0] && picture.height == annotation.size[1];
  };
  // Boxes, masks and sizes are of the picture as stored, before any rotation by its EXIF data.
  Image picture = read(Orientation::as_stored);
  if (!fits(picture)) {
    const Image turned = read(Orientation::upright);
    check<DataError>(fits(turned), file.string(), ": the picture is ", picture.width, "x",
                     picture.height, ", pix3d.json says ", annotation.size[0], "x",
                     annotation.size[1]);
    picture = turned;
  }
  if (options_.masks) apply_mask(annotation, picture);
  return picture;
}

void Pix3dDataset::apply_mask(const Pix3dEntry& entry, Image& picture) const {
  const fs::path file = options_.root / entry.mask;
  const Image mask =
      read_as_data([&] { return read_image(file, nullptr, Orientation::as_stored); });
  check<DataError>(mask.width == picture.width && mask.height == picture.height, file.string(),
                   ": the mask is ", mask.width, "x", mask.height, ", its picture ", picture.width,
                   "x", picture.height);
  const int colors = picture.channels < 3 ? 1 : 3;
  Image result(picture.width, picture.height, 4);
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      if (mask.at(x, y)[0] < 128) continue;
      for (int c = 0; c < 3; ++c) result.at(x, y)[c] = picture.at(x, y)[colors == 1 ? 0 : c];
      result.at(x, y)[3] = 255;
    }
  picture = std::move(result);
}

VoxelGrid Pix3dDataset::volume(std::int64_t object) const {
  const fs::path file = options_.root / entry(object).voxels;
  const VoxelGrid grid = read_pix3d_voxels(file);
  check<DataError>(grid.count() > 0, file.string(), ": the volume is empty");
  return fit_to_cube(grid, options_.n_vox);
}

std::string Pix3dDataset::view_name(std::int64_t object, int) const {
  return picture_path(entry(object)).string();
}

std::string Pix3dDataset::volume_name(std::int64_t object) const {
  return (options_.root / entry(object).voxels).string();
}

std::optional<Box> Pix3dDataset::box(std::int64_t object, int) const {
  const Pix3dEntry& e = entry(object);
  // What reaches over the edges is no part of the picture.
  return Box{std::max(e.box[0] / e.size[0], 0.0), std::max(e.box[1] / e.size[1], 0.0),
             std::min(e.box[2] / e.size[0], 1.0), std::min(e.box[3] / e.size[1], 1.0)};
}

std::optional<GridCamera> Pix3dDataset::camera(std::int64_t object, int) const {
  const Pix3dEntry& e = entry(object);
  const Mesh mesh = read_as_data([&] { return read_mesh(options_.root / e.model); });
  // Grid cube (R2N2's frame) -> model.obj: the cube around the middle of its box.
  const Mesh::Bounds bounds = mesh.bounds();
  const double side = bounds.longest_side();
  // Camera: x to the picture's left, y up, z away from it. Focal length in widths and heights.
  const double focal = e.focal_length / 32;
  const double fx = focal, fy = focal * e.size[0] / e.size[1];
  GridCamera camera;
  std::array<std::array<double, 4>, 3> to_camera{};  // of (p, 1), p in the cube
  for (int row = 0; row < 3; ++row) {
    to_camera[row][3] = e.translation[row];
    for (int axis = 0; axis < 3; ++axis) {  // of the cube: coordinate sign * model[from]
      const int from = pix3d_mesh_turn.from[axis];
      const double sign = pix3d_mesh_turn.sign[axis];
      const double middle = (bounds.low[from] + bounds.high[from]) / 2;
      to_camera[row][axis] = e.rotation[row][from] * sign * side;
      to_camera[row][3] += e.rotation[row][from] * (middle - sign * side / 2);
    }
  }
  for (int i = 0; i < 4; ++i) {
    camera.matrix[0][i] = 0.5 * to_camera[2][i] - fx * to_camera[0][i];
    camera.matrix[1][i] = 0.5 * to_camera[2][i] - fy * to_camera[1][i];
    camera.matrix[2][i] = to_camera[2][i];
  }
  return camera;
}

}  // namespace voxgrad
