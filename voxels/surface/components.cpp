#include "voxels/surface/components.h"

#include <algorithm>
#include <map>

#include "tensor/error.h"
#include "voxels/grid/union_find.h"

namespace voxgrad {
namespace {

struct Components {
  UnionFind parts;
  std::vector<std::pair<std::int64_t, std::uint32_t>> by_size;  // voxels, name; largest first
};

Components find_components(const VoxelGrid& grid, double threshold) {
  Components result{UnionFind(grid.values.size()), {}};
  const auto n = std::size_t(grid.n);
  const auto occupied = [&](std::size_t i) { return grid.values[i] >= threshold; };
  for (std::size_t i = 0; i < grid.values.size(); ++i) {
    if (!occupied(i)) continue;
    const std::size_t x = i / (n * n), y = i / n % n, z = i % n;
    const auto join = [&](bool inside, std::size_t step) {
      if (inside && occupied(i + step))
        result.parts.unite(std::uint32_t(i), std::uint32_t(i + step));
    };
    join(x + 1 < n, n * n);
    join(y + 1 < n, n);
    join(z + 1 < n, 1);
  }
  std::map<std::uint32_t, std::int64_t> sizes;
  for (std::size_t i = 0; i < grid.values.size(); ++i)
    if (occupied(i)) ++sizes[result.parts.find(std::uint32_t(i))];
  for (const auto& [name, size] : sizes) result.by_size.emplace_back(size, name);
  std::ranges::stable_sort(result.by_size,
                           [](const auto& a, const auto& b) { return a.first > b.first; });
  return result;
}

}  // namespace

std::vector<std::int64_t> component_sizes(const VoxelGrid& grid, double threshold) {
  std::vector<std::int64_t> sizes;
  for (const auto& [size, name] : find_components(grid, threshold).by_size) sizes.push_back(size);
  return sizes;
}

VoxelGrid keep_largest_components(const VoxelGrid& grid, double threshold, int count) {
  check(count >= 1, "[keep_largest_components] cannot keep ", count, " parts: 1 or more");
  Components components = find_components(grid, threshold);
  if (components.by_size.size() <= std::size_t(count)) return grid;
  std::vector<std::uint32_t> kept;
  for (int i = 0; i < count; ++i) kept.push_back(components.by_size[std::size_t(i)].second);
  const float empty = threshold > 0 ? 0.0f : float(threshold - 1);
  VoxelGrid result = grid;
  for (std::size_t i = 0; i < grid.values.size(); ++i)
    if (grid.values[i] >= threshold &&
        std::ranges::find(kept, components.parts.find(std::uint32_t(i))) == kept.end())
      result.values[i] = empty;
  return result;
}

}  // namespace voxgrad
