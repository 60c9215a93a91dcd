#include "datasets/pascal3d/pascal3d.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "datasets/common/data_errors.h"
#include "datasets/shapenet/taxonomy.h"
#include "voxels/mesh/mesh_reader.h"
#include "voxels/voxelize/voxelize.h"

namespace voxgrad {
namespace fs = std::filesystem;
namespace {

std::string layout(const fs::path& root) {
  const std::string base = (root / "").string();
  return "expected is PASCAL3D+ 1.1 as it unpacks:\n  " + base +
         "Annotations/<class>_{imagenet,pascal}/<id>.mat\n  " + base +
         "Images/<class>_{imagenet,pascal}/<id>.{JPEG,jpg}\n  " + base + "CAD/<class>/01.off ...";
}

/// The file of an id: pictures from ImageNet first, then from PASCAL VOC.
fs::path find(const fs::path& root, const std::string& kind, const std::string& category,
              const std::string& id, const std::vector<const char*>& suffixes) {
  std::error_code error;
  for (const char* source : {"_imagenet", "_pascal"})
    for (const char* suffix : suffixes) {
      fs::path file = root / kind / (category + source) / (id + suffix);
      if (fs::is_regular_file(file, error)) return file;
    }
  return {};
}

}  // namespace

Pascal3dDataset::Pascal3dDataset(const Pascal3dOptions& options) : options_(options) {
  fs::path taxonomy = options.taxonomy;
  std::error_code error;
  if (taxonomy.empty()) taxonomy = options.root / "dataset.json";
  check<DataError>(fs::is_directory(options.root / "Annotations", error), "no folder ",
                   (options.root / "Annotations").string(), "\n", layout(options.root));
  check<DataError>(fs::is_regular_file(taxonomy, error), "no list of training and test pictures ",
                   taxonomy.string(),
                   ": Pix2Vox's is datasets/splits/Pascal3D.json of Voxgrad; name it with --set "
                   "data.taxonomy=FILE, or copy it there");
  std::int64_t missing = 0;
  fs::path first_missing;
  for (const Category& category : read_taxonomy(taxonomy))
    for (const std::string& id : category.objects(options.split)) {
      const std::string& name = category.taxonomy_id;
      fs::path annotation = find(options.root, "Annotations", name, id, {".mat"});
      fs::path picture = find(options.root, "Images", name, id, {".JPEG", ".jpg", ".jpeg", ".png"});
      if (annotation.empty() || picture.empty()) {
        const char* folder = annotation.empty() ? "Annotations" : "Images";
        const char* suffix = annotation.empty() ? ".mat" : ".JPEG";
        const fs::path file = options.root / folder / (name + "_imagenet") / (id + suffix);
        if (missing++ == 0) first_missing = file;
        if (options.missing)
          options.missing->push_back({{name, category.taxonomy_name, id}, file.string()});
        continue;
      }
      objects_.push_back({{name, category.taxonomy_name, id}, annotation, picture});
    }
  check<DataError>(missing == 0 || options.missing, missing, " of ", missing + size(),
                   " pictures of split \"", options.split,
                   "\" are incomplete; first missing: ", first_missing.string(),
                   " (or the one in ..._pascal)\n", layout(options.root));
  check<DataError>(size() + missing > 0, taxonomy.string(), ": split \"", options.split,
                   "\" lists no pictures");
}

const Pascal3dDataset::Object& Pascal3dDataset::object_at(std::int64_t object) const {
  check(object >= 0 && object < size(), "[dataset] object ", object, " of ", size());
  return objects_[std::size_t(object)];
}

const ObjectInfo& Pascal3dDataset::info(std::int64_t object) const {
  return object_at(object).info;
}

int Pascal3dDataset::view_count(std::int64_t object) const {
  object_at(object);
  return 1;
}

Pascal3dObject Pascal3dDataset::annotated(const Object& object) const {
  return read_pascal3d_record(object.annotation)
      .largest(object.info.taxonomy_id, object.annotation.string());
}

fs::path Pascal3dDataset::cad_path(const Object& object) const {
  return options_.root / "CAD" / object.info.taxonomy_id /
         fmt::format("{:02}.off", annotated(object).cad_index);
}

Image Pascal3dDataset::view(std::int64_t object, int) const {
  std::vector<std::string> warnings;
  return read_as_data([&] {
    // Boxes are of the picture as stored, as MATLAB reads it.
    return read_image(object_at(object).picture, options_.lenient ? &warnings : nullptr,
                      Orientation::as_stored);
  });
}

VoxelGrid Pascal3dDataset::volume(std::int64_t object) const {
  const fs::path file = cad_path(object_at(object));
  return volumes_.get(file.string(), [&] {
    return read_as_data([&] {
      VoxelGrid grid = voxelize(pascal3d_turn(read_mesh(file)), options_.n_vox);
      check<DataError>(grid.count() > 0, file.string(), ": the volume is empty");
      return grid;
    });
  });
}

std::string Pascal3dDataset::view_name(std::int64_t object, int) const {
  return object_at(object).picture.string();
}

std::string Pascal3dDataset::volume_name(std::int64_t object) const {
  return cad_path(object_at(object)).string();
}

std::optional<Box> Pascal3dDataset::box(std::int64_t object, int) const {
  const Object& found = object_at(object);
  const Pascal3dRecord record = read_pascal3d_record(found.annotation);
  const std::string name = found.annotation.string();
  const auto& box = record.largest(found.info.taxonomy_id, name).box;
  check<DataError>(record.width >= 1 && record.height >= 1, name, ": the picture's size is ",
                   record.width, " x ", record.height);
  // Pixels are counted from 1, and the last one belongs to the box.
  const Box result{std::max((box[0] - 1) / record.width, 0.0),
                   std::max((box[1] - 1) / record.height, 0.0),
                   std::min(box[2] / record.width, 1.0), std::min(box[3] / record.height, 1.0)};
  check<DataError>(result.left < result.right && result.top < result.bottom, name,
                   ": the object's box is outside the picture");
  return result;
}

std::optional<GridCamera> Pascal3dDataset::camera(std::int64_t object, int) const {
  const Object& found = object_at(object);
  const Pascal3dRecord record = read_pascal3d_record(found.annotation);
  const auto& view = record.largest(found.info.taxonomy_id, found.annotation.string()).viewpoint;
  if (!view || !(record.width >= 1) || !(record.height >= 1)) return {};
  const Mesh::Bounds bounds = read_as_data([&] { return read_mesh(cad_path(found)).bounds(); });
  const double side = bounds.longest_side();
  constexpr double degree = std::numbers::pi / 180;
  const double sin_a = std::sin(view->azimuth * degree), cos_a = std::cos(view->azimuth * degree);
  const double sin_e = std::sin(view->elevation * degree);
  const double cos_e = std::cos(view->elevation * degree);
  // In the CAD model's frame: the camera stands at d (cos e sin a, -cos e cos a, sin e) and looks
  // at the origin.
  const Vec3 back{cos_e * sin_a, -cos_e * cos_a, sin_e}, right{cos_a, sin_a, 0},
      up{-sin_e * sin_a, sin_e * cos_a, cos_e};
  const double sin_t = std::sin(view->theta * degree), cos_t = std::cos(view->theta * degree);
  const double focal = view->focal * view->viewport;
  // Rows over (model point, 1): pixels to the right and upwards times depth, and the depth.
  std::array<std::array<double, 4>, 3> seen{};
  for (int i = 0; i < 3; ++i) {
    seen[0][i] = focal * (cos_t * right[i] - sin_t * up[i]);
    seen[1][i] = focal * (sin_t * right[i] + cos_t * up[i]);
    seen[2][i] = -back[i];
  }
  seen[2][3] = view->distance;
  GridCamera camera;
  for (int row = 0; row < 3; ++row)
    for (int axis = 0; axis < 4; ++axis) {
      // Of the grid's cube: coordinate `axis` is sign * model[from], the cube is around the box.
      const auto in_cube = [&](const std::array<double, 4>& of_model) {
        if (axis < 3) return of_model[pascal3d_turn.from[axis]] * pascal3d_turn.sign[axis] * side;
        double offset = of_model[3];
        for (int a = 0; a < 3; ++a) {
          const int from = pascal3d_turn.from[a];
          const double middle = (bounds.low[from] + bounds.high[from]) / 2;
          offset += of_model[from] * (middle - pascal3d_turn.sign[a] * side / 2);
        }
        return offset;
      };
      const double depth = in_cube(seen[2]);
      camera.matrix[row][axis] = row == 0   ? (in_cube(seen[0]) + view->px * depth) / record.width
                                 : row == 1 ? (-in_cube(seen[1]) + view->py * depth) / record.height
                                            : depth;
    }
  return camera;
}

}  // namespace voxgrad
