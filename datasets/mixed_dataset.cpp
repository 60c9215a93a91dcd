#include "datasets/mixed_dataset.h"

#include <algorithm>

#include "tensor/error.h"

namespace voxgrad {

void HeldOutShapes::add(const Dataset& dataset) {
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const VoxelGrid grid = dataset.volume(i);
    shapes_.emplace_back(grid.n, RotatedShape(grid));
  }
}

bool HeldOutShapes::has_near_duplicate(const VoxelGrid& grid) const {
  const RotatedShape shape(grid);
  return std::ranges::any_of(shapes_, [&](const auto& held_out) {
    return held_out.first == grid.n && are_near_duplicates(held_out.second, shape);
  });
}

MixedDataset::MixedDataset(std::unique_ptr<Dataset> first) {
  const std::int64_t size = first->size();
  parts_.push_back({std::move(first), 1});
  for (std::int64_t i = 0; i < size; ++i) entries_.push_back({0, i});
}

std::int64_t MixedDataset::add(std::unique_ptr<Dataset> dataset, double weight,
                               const HeldOutShapes& held_out, const std::string& name) {
  const std::int64_t size = dataset->size();
  const std::size_t before = entries_.size();
  for (std::int64_t i = 0; i < size; ++i)
    if (!held_out.has_near_duplicate(dataset->volume(i))) entries_.push_back({parts_.size(), i});
  const auto added = std::int64_t(entries_.size() - before);
  check<DataError>(added > 0, name,
                   ": every object is a near-duplicate of one held out for validation or test");
  parts_.push_back({std::move(dataset), weight});
  return size - added;
}

const ObjectInfo& MixedDataset::info(std::int64_t object) const {
  return dataset_of(entry(object)).info(entry(object).object);
}

int MixedDataset::view_count(std::int64_t object) const {
  return dataset_of(entry(object)).view_count(entry(object).object);
}

Image MixedDataset::view(std::int64_t object, int view) const {
  return dataset_of(entry(object)).view(entry(object).object, view);
}

VoxelGrid MixedDataset::volume(std::int64_t object) const {
  return dataset_of(entry(object)).volume(entry(object).object);
}

std::string MixedDataset::view_name(std::int64_t object, int view) const {
  return dataset_of(entry(object)).view_name(entry(object).object, view);
}

std::string MixedDataset::volume_name(std::int64_t object) const {
  return dataset_of(entry(object)).volume_name(entry(object).object);
}

std::optional<Box> MixedDataset::box(std::int64_t object, int view) const {
  return dataset_of(entry(object)).box(entry(object).object, view);
}

double MixedDataset::weight(std::int64_t object) const {
  return parts_[entry(object).part].weight;
}

}  // namespace voxgrad
