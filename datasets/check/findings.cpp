#include "datasets/check/findings.h"

#include <algorithm>
#include <cmath>

#include "voxels/grid/axes.h"
#include "voxels/grid/fit.h"

namespace voxgrad {
namespace {

constexpr int silhouette_side = 64;

/// Opaque pixels of a picture, sampled at silhouette_side squared.
std::optional<std::vector<bool>> alpha_of(const Image& picture) {
  if (picture.channels % 2 != 0) return {};
  std::vector<bool> mask;
  mask.reserve(silhouette_side * silhouette_side);
  for (int y = 0; y < silhouette_side; ++y)
    for (int x = 0; x < silhouette_side; ++x) {
      const int column = (2 * x + 1) * picture.width / (2 * silhouette_side);
      const int row = (2 * y + 1) * picture.height / (2 * silhouette_side);
      mask.push_back(picture.at(column, row)[picture.channels - 1] >= 128);
    }
  const auto opaque = std::ranges::count(mask, true);
  if (opaque == 0 || opaque == std::ptrdiff_t(mask.size())) return {};
  return mask;
}

std::vector<bool> seen(const VoxelGrid& grid, const GridCamera& camera) {
  // Points close enough to leave no gap between them.
  const int fine = std::max(1, (2 * silhouette_side + grid.n - 1) / grid.n);
  const int steps = fine * grid.n;
  std::vector<bool> mask(silhouette_side * silhouette_side, false);
  for (int x = 0; x < steps; ++x)
    for (int y = 0; y < steps; ++y)
      for (int z = 0; z < steps; ++z) {
        if (grid.at(x / fine, y / fine, z / fine) < 0.5f) continue;
        const auto h = camera({(x + 0.5) / steps, (y + 0.5) / steps, (z + 0.5) / steps});
        if (!(h[2] > 1e-9)) continue;
        const double column = std::floor(h[0] / h[2] * silhouette_side);
        const double row = std::floor(h[1] / h[2] * silhouette_side);
        if (column >= 0 && column < silhouette_side && row >= 0 && row < silhouette_side)
          mask[std::size_t(row) * silhouette_side + std::size_t(column)] = true;
      }
  return mask;
}

double iou(const std::vector<bool>& a, const std::vector<bool>& b) {
  std::int64_t both = 0, either = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both += a[i] && b[i] ? 1 : 0;
    either += a[i] || b[i] ? 1 : 0;
  }
  return either == 0 ? 0 : double(both) / double(either);
}

}  // namespace

double enclosed_share(const VoxelGrid& grid) {
  const int n = grid.n;
  std::vector<std::uint8_t> reached(grid.values.size(), 0);
  std::vector<std::array<int, 3>> open;
  const auto visit = [&](int x, int y, int z) {
    if (x < 0 || y < 0 || z < 0 || x >= n || y >= n || z >= n) return;
    const std::size_t i = grid.index(x, y, z);
    if (reached[i] || grid.values[i] >= 0.5f) return;
    reached[i] = 1;
    open.push_back({x, y, z});
  };
  for (int a = 0; a < n; ++a)
    for (int b = 0; b < n; ++b)
      for (const int side : {0, n - 1}) {
        visit(side, a, b);
        visit(a, side, b);
        visit(a, b, side);
      }
  while (!open.empty()) {
    const auto [x, y, z] = open.back();
    open.pop_back();
    visit(x - 1, y, z), visit(x + 1, y, z);
    visit(x, y - 1, z), visit(x, y + 1, z);
    visit(x, y, z - 1), visit(x, y, z + 1);
  }
  std::int64_t occupied = 0, enclosed = 0;
  for (std::size_t i = 0; i < reached.size(); ++i) {
    const bool full = grid.values[i] >= 0.5f;
    occupied += full ? 1 : 0;
    enclosed += !full && !reached[i] ? 1 : 0;
  }
  return occupied == 0 ? 0 : double(enclosed) / double(occupied);
}

double mirror_iou(const VoxelGrid& grid, int axis) {
  const VoxelBox box = box_of(grid);
  if (box.empty()) return 0;
  std::int64_t both = 0, either = 0;
  std::array<int, 3> at{};
  for (at[0] = box.low[0]; at[0] <= box.high[0]; ++at[0])
    for (at[1] = box.low[1]; at[1] <= box.high[1]; ++at[1])
      for (at[2] = box.low[2]; at[2] <= box.high[2]; ++at[2]) {
        std::array<int, 3> mirrored = at;
        const auto a = std::size_t(axis);
        mirrored[a] = box.low[a] + box.high[a] - at[a];
        const bool here = grid.at(at[0], at[1], at[2]) >= 0.5f;
        const bool there = grid.at(mirrored[0], mirrored[1], mirrored[2]) >= 0.5f;
        both += here && there ? 1 : 0;
        either += here || there ? 1 : 0;
      }
  return double(both) / double(either);
}

std::optional<SilhouetteFit> fit_silhouette(const VoxelGrid& grid, const Image& picture,
                                            const GridCamera& camera) {
  const std::optional<std::vector<bool>> alpha = alpha_of(picture);
  if (!alpha) return {};
  struct Change {
    const char* name;
    AxisTurn turn;
  };
  static const std::array<Change, 6> changes{Change{"x and y exchanged", {{1, 0, 2}, {1, 1, 1}}},
                                             Change{"y and z exchanged", {{0, 2, 1}, {1, 1, 1}}},
                                             Change{"x and z exchanged", {{2, 1, 0}, {1, 1, 1}}},
                                             Change{"x mirrored", {{0, 1, 2}, {-1, 1, 1}}},
                                             Change{"y mirrored", {{0, 1, 2}, {1, -1, 1}}},
                                             Change{"z mirrored", {{0, 1, 2}, {1, 1, -1}}}};
  SilhouetteFit fit;
  fit.as_it_is = fit.best = iou(*alpha, seen(grid, camera));
  for (const Change& change : changes) {
    const double with = iou(*alpha, seen(change.turn(grid), camera));
    if (with <= fit.best) continue;
    fit.best = with;
    fit.best_change = change.name;
  }
  return fit;
}

}  // namespace voxgrad
