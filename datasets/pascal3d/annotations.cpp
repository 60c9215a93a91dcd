#include "datasets/pascal3d/annotations.h"

#include <algorithm>
#include <cmath>

#include "datasets/common/data_errors.h"

namespace voxgrad {
namespace {

/// A field's number; `otherwise` where there is none.
double number_of(const MatArray& structure, const char* field, std::int64_t element,
                 double otherwise) {
  const MatArray* value = structure.field(field, element);
  if (!value || value->kind != MatArray::Kind::numbers || value->count() == 0) return otherwise;
  const double number = value->number();
  return std::isfinite(number) ? number : otherwise;
}

std::string text_of(const MatArray& structure, const char* field, std::int64_t element) {
  const MatArray* value = structure.field(field, element);
  return value && value->kind == MatArray::Kind::text ? value->text() : std::string();
}

std::optional<Pascal3dViewpoint> viewpoint_of(const MatArray& objects, std::int64_t element) {
  const MatArray* view = objects.field("viewpoint", element);
  // It may be empty, and may hold coarse angles alone.
  if (!view || view->kind != MatArray::Kind::structs || view->count() < 1) return {};
  constexpr double none = -1e30;
  Pascal3dViewpoint result;
  result.azimuth = number_of(*view, "azimuth", 0, none);
  result.elevation = number_of(*view, "elevation", 0, none);
  result.distance = number_of(*view, "distance", 0, 0);
  if (result.azimuth == none || result.elevation == none || !(result.distance > 0)) return {};
  result.theta = number_of(*view, "theta", 0, 0);
  result.focal = number_of(*view, "focal", 0, 1);
  result.viewport = number_of(*view, "viewport", 0, 3000);
  result.px = number_of(*view, "px", 0, 0);
  result.py = number_of(*view, "py", 0, 0);
  return result;
}

}  // namespace

const Pascal3dObject& Pascal3dRecord::largest(const std::string& category,
                                              const std::string& name) const {
  const Pascal3dObject* found = nullptr;
  for (const Pascal3dObject& object : objects)
    if (object.category == category && (!found || object.area() > found->area())) found = &object;
  check<DataError>(found != nullptr, name, ": annotates no ", category, " with a CAD model");
  return *found;
}

Pascal3dRecord to_pascal3d_record(const std::vector<MatArray>& variables, const std::string& name) {
  const auto found = std::ranges::find_if(variables, [](const MatArray& variable) {
    return variable.name == "record" && variable.kind == MatArray::Kind::structs &&
           variable.count() >= 1;
  });
  check<DataError>(found != variables.end(), name, ": has no struct \"record\"");
  Pascal3dRecord record;
  record.picture = text_of(*found, "filename", 0);
  if (const MatArray* size = found->field("imgsize");
      size && size->kind == MatArray::Kind::numbers && size->count() >= 2) {
    record.width = size->number(0);
    record.height = size->number(1);
  }
  const MatArray* objects = found->field("objects");
  check<DataError>(objects != nullptr, name, ": \"record\" has no field \"objects\"");
  for (std::int64_t i = 0; objects->kind == MatArray::Kind::structs && i < objects->count(); ++i) {
    Pascal3dObject object;
    object.category = text_of(*objects, "class", i);
    const double cad_index = number_of(*objects, "cad_index", i, 0);
    const MatArray* box = objects->field("bbox", i);
    // Objects of other classes have no CAD model.
    if (!(cad_index >= 1 && cad_index <= 99) || object.category.empty()) continue;
    check<DataError>(box && box->kind == MatArray::Kind::numbers && box->count() == 4, name,
                     ": object ", i + 1, " has no box of four numbers");
    for (int edge = 0; edge < 4; ++edge) object.box[edge] = box->number(edge);
    check<DataError>(object.box[0] <= object.box[2] && object.box[1] <= object.box[3], name,
                     ": object ", i + 1, " has the box ", object.box[0], ",", object.box[1], " .. ",
                     object.box[2], ",", object.box[3]);
    object.cad_index = int(cad_index);
    object.truncated = number_of(*objects, "truncated", i, 0) != 0;
    object.occluded = number_of(*objects, "occluded", i, 0) != 0;
    object.difficult = number_of(*objects, "difficult", i, 0) != 0;
    object.viewpoint = viewpoint_of(*objects, i);
    record.objects.push_back(std::move(object));
  }
  return record;
}

Pascal3dRecord read_pascal3d_record(const std::filesystem::path& file) {
  return read_as_data([&] { return to_pascal3d_record(read_mat(file), file.string()); });
}

}  // namespace voxgrad
