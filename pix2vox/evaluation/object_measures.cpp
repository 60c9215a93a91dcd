#include "pix2vox/evaluation/object_measures.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iterator>

#include "tensor/error.h"

namespace voxgrad {
namespace {

VoxelGrid grid_of(const float* values, std::int64_t side) {
  VoxelGrid grid{int(side)};
  std::copy_n(values, grid.values.size(), grid.values.begin());
  return grid;
}

/// A cell of a CSV file; quoted where it has to be.
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

/// Adds an object to a row of sums.
void add_to(ShapeRow& row, const ShapeDistance& shape) {
  ++row.objects;
  for (std::size_t i = 0; i < row.fscore.size(); ++i) row.fscore[i] += shape.fscore[i];
  if (shape.chamfer)
    row.chamfer += *shape.chamfer;
  else
    ++row.without_chamfer;
}

void make_means(ShapeRow& row) {
  for (double& value : row.fscore) value /= double(std::max<std::int64_t>(1, row.objects));
  row.chamfer /= double(std::max<std::int64_t>(1, row.objects - row.without_chamfer));
}

}  // namespace

ObjectMeasures::ObjectMeasures(MeasureOptions options) : options_(std::move(options)) {}

void ObjectMeasures::add(const Batch& batch, const Tensor& volumes) {
  const std::int64_t count = volumes.numel() / batch.size, side = volumes.shape()[1];
  const std::size_t first = objects_.size();
  objects_.resize(first + std::size_t(batch.size));
  for (std::int64_t b = 0; b < batch.size; ++b) {
    const float* probability = volumes.data<float>() + b * count;
    const float* truth = batch.volumes.data<float>() + b * count;
    const ObjectInfo& info = batch.objects[std::size_t(b)];
    ObjectMeasure& measure = objects_[first + std::size_t(b)];
    measure.object = info;
    measure.iou = iou_at(probability, truth, count, options_.thresholds);
    calibration_.add(probability, truth, count);
    search_.add(info, probability, truth, count);
  }
  std::exception_ptr problem;
#pragma omp parallel for schedule(dynamic, 1)
  for (std::int64_t b = 0; b < batch.size; ++b) {
    try {
      ObjectMeasure& measure = objects_[first + std::size_t(b)];
      const VoxelGrid predicted = grid_of(volumes.data<float>() + b * count, side);
      const VoxelGrid truth = grid_of(batch.volumes.data<float>() + b * count, side);
      measure.predicted_voxels = predicted.count(options_.shape_threshold);
      measure.true_voxels = truth.count();
      measure.shape_iou = intersection_over_union(predicted, truth, options_.shape_threshold);
      if (options_.keep_shapes) {
        measure.predicted.emplace(predicted, options_.shape_threshold);
        measure.truth.emplace(truth, 0.5);
      }
      if (options_.fscore)
        measure.shape = shape_distance(predicted, options_.shape_threshold, truth,
                                       first + std::uint64_t(b), *options_.fscore);
    } catch (...) {
#pragma omp critical(voxgrad_measure_problem)
      problem = std::current_exception();
    }
  }
  if (problem) std::rethrow_exception(problem);
}

std::vector<ShapeRow> ObjectMeasures::shape_rows() const {
  std::vector<ShapeRow> rows;
  if (!options_.fscore || objects_.empty()) return rows;
  // The names of the IoU table's rows: they tell categories of one name apart.
  const std::vector<IouTable::Row> names = search_.table().categories();
  std::vector<std::pair<std::string, std::string>> categories;
  for (const ObjectMeasure& m : objects_)
    categories.emplace_back(m.object.taxonomy_name, m.object.taxonomy_id);
  std::ranges::sort(categories);
  categories.erase(std::unique(categories.begin(), categories.end()), categories.end());
  rows.resize(categories.size());
  ShapeRow overall{.name = "overall"}, balanced{.name = "mean over categories"};
  for (const ObjectMeasure& m : objects_) {
    const std::pair own(m.object.taxonomy_name, m.object.taxonomy_id);
    const auto place = std::ranges::lower_bound(categories, own) - categories.begin();
    add_to(rows[std::size_t(place)], *m.shape);
    add_to(overall, *m.shape);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].name = names[i].name;
    make_means(rows[i]);
    balanced.objects += rows[i].objects;
    for (std::size_t d = 0; d < balanced.fscore.size(); ++d)
      balanced.fscore[d] += rows[i].fscore[d] / double(rows.size());
    balanced.chamfer += rows[i].chamfer / double(rows.size());
    balanced.without_chamfer += rows[i].without_chamfer;
  }
  make_means(overall);
  rows.push_back(overall);
  rows.push_back(balanced);
  return rows;
}

std::string ObjectMeasures::csv() const {
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "number,category_id,category,object");
  for (const double t : options_.thresholds) fmt::format_to(out, ",iou_at_{}", t);
  fmt::format_to(out, ",true_voxels,predicted_voxels");
  if (options_.fscore) {
    for (const double d : fscore_distances) fmt::format_to(out, ",fscore_at_{}", d);
    fmt::format_to(out, ",chamfer");
  }
  text.push_back('\n');
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    const ObjectMeasure& m = objects_[i];
    fmt::format_to(out, "{},{},{},{}", i, cell(m.object.taxonomy_id), cell(m.object.taxonomy_name),
                   cell(m.object.object_id));
    for (const double value : m.iou) fmt::format_to(out, ",{:.6f}", value);
    fmt::format_to(out, ",{},{}", m.true_voxels, m.predicted_voxels);
    if (m.shape) {
      for (const double value : m.shape->fscore) fmt::format_to(out, ",{:.6f}", value);
      if (m.shape->chamfer)
        fmt::format_to(out, ",{:.6f}", *m.shape->chamfer);
      else
        text.push_back(',');
    }
    text.push_back('\n');
  }
  return {text.data(), text.size()};
}

}  // namespace voxgrad
