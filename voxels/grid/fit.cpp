#include "voxels/grid/fit.h"

#include <algorithm>
#include <cmath>

#include "tensor/error.h"

namespace voxgrad {
namespace {

/// How much of a source voxel lies in one cell of the result, along one axis.
struct Overlap {
  int voxel;
  double length;  // over the cell's
};

/// For each of n cells that divide [begin, begin + side): the voxels that it touches.
std::vector<std::vector<Overlap>> overlaps(double begin, double side, int n, int n_source) {
  std::vector<std::vector<Overlap>> result(static_cast<std::size_t>(n));
  const double step = side / n;
  for (int i = 0; i < n; ++i) {
    const double low = begin + i * step, high = begin + (i + 1) * step;
    for (int voxel = std::max(0, int(std::floor(low))); voxel < n_source && voxel < high; ++voxel) {
      const double length = std::min(high, double(voxel) + 1) - std::max(low, double(voxel));
      if (length > 0) result[std::size_t(i)].push_back({voxel, length / step});
    }
  }
  return result;
}

}  // namespace

int VoxelBox::longest_side() const {
  int longest = 0;
  for (int a = 0; a < 3; ++a) longest = std::max(longest, high[a] - low[a] + 1);
  return longest;
}

VoxelBox box_of(const VoxelGrid& grid, double threshold) {
  VoxelBox box{{grid.n, grid.n, grid.n}, {-1, -1, -1}};
  for (int x = 0; x < grid.n; ++x)
    for (int y = 0; y < grid.n; ++y)
      for (int z = 0; z < grid.n; ++z) {
        if (!(grid.at(x, y, z) >= threshold)) continue;
        const std::array<int, 3> at{x, y, z};
        for (int a = 0; a < 3; ++a) {
          box.low[a] = std::min(box.low[a], at[a]);
          box.high[a] = std::max(box.high[a], at[a]);
        }
      }
  return box;
}

VoxelGrid fit_to_cube(const VoxelGrid& grid, int n, double share) {
  check(n >= 1 && n <= 512, "[fit] ", n, " voxels per side are not in 1..512");
  const VoxelBox box = box_of(grid);
  check(!box.empty(), "[fit] the grid is empty");
  const double side = box.longest_side();
  VoxelGrid result(n);
  std::array<std::vector<std::vector<Overlap>>, 3> cells;
  for (int a = 0; a < 3; ++a) {
    const double begin = (box.low[a] + box.high[a] + 1 - side) / 2;
    cells[a] = overlaps(begin, side, n, grid.n);
    result.translate[a] = grid.translate[a] + grid.scale * begin / grid.n;
  }
  result.scale = grid.scale * side / grid.n;

  // One axis after the other: z, then y, then x.
  const auto source = std::size_t(grid.n), target = std::size_t(n);
  std::vector<float> along_z(source * source * target), along_yz(source * target * target);
  for (std::size_t xy = 0; xy < source * source; ++xy)
    for (std::size_t c = 0; c < target; ++c)
      for (const auto& [voxel, length] : cells[2][c])
        if (grid.values[xy * source + std::size_t(voxel)] >= 0.5f)
          along_z[xy * target + c] += float(length);
  for (std::size_t x = 0; x < source; ++x)
    for (std::size_t b = 0; b < target; ++b)
      for (const auto& [voxel, length] : cells[1][b])
        for (std::size_t c = 0; c < target; ++c)
          along_yz[(x * target + b) * target + c] +=
              float(length) * along_z[(x * source + std::size_t(voxel)) * target + c];
  for (std::size_t a = 0; a < target; ++a)
    for (const auto& [voxel, length] : cells[0][a])
      for (std::size_t bc = 0; bc < target * target; ++bc)
        result.values[a * target * target + bc] +=
            float(length) * along_yz[std::size_t(voxel) * target * target + bc];

  constexpr float rounding = 1e-5f;
  const auto is_full = [&](float value) { return value >= float(share) - rounding && value > 0; };
  const bool any = std::ranges::any_of(result.values, is_full);
  for (float& value : result.values) value = (any ? is_full(value) : value > 0) ? 1.0f : 0.0f;
  return result;
}

}  // namespace voxgrad
