#include "voxels/render/voxel_ray.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace voxgrad {

BlockScene::BlockScene(const VoxelGrid& grid, double threshold)
    : n_(grid.n), filled_(grid.values.size()), low_{grid.n, grid.n, grid.n}, high_{0, 0, 0} {
  for (int x = 0; x < n_; ++x) {
    for (int y = 0; y < n_; ++y) {
      for (int z = 0; z < n_; ++z) {
        if (!(grid.at(x, y, z) >= threshold)) continue;
        filled_[grid.index(x, y, z)] = 1;
        ++count_;
        const std::array<int, 3> voxel{x, y, z};
        for (int axis = 0; axis < 3; ++axis) {
          low_[axis] = std::min(low_[axis], voxel[axis]);
          high_[axis] = std::max(high_[axis], voxel[axis] + 1);
        }
      }
    }
  }
}

bool BlockScene::occupied(const std::array<int, 3>& voxel) const {
  for (const int i : voxel) {
    if (i < 0 || i >= n_) return false;
  }
  return filled(voxel);
}

std::optional<VoxelHit> BlockScene::trace(const Ray& ray) const {
  constexpr double inf = std::numeric_limits<double>::infinity();
  if (empty()) return std::nullopt;
  // Clip to the box, and remember through which of its faces the ray comes in.
  double enter = 0, leave = inf;
  int axis = -1;
  std::array<double, 3> inverse;
  for (int a = 0; a < 3; ++a) {
    inverse[a] = 1 / ray.direction[a];
    if (ray.direction[a] == 0) {
      if (ray.origin[a] < low_[a] || ray.origin[a] > high_[a]) return std::nullopt;
      continue;
    }
    const auto [near, far] = std::minmax(
        {(low_[a] - ray.origin[a]) * inverse[a], (high_[a] - ray.origin[a]) * inverse[a]});
    if (near > enter) {
      enter = near;
      axis = a;
    }
    leave = std::min(leave, far);
  }
  if (enter >= leave) return std::nullopt;

  std::array<int, 3> voxel, step;
  std::array<double, 3> next, stride;  // distance to the next plane, and between planes
  for (int a = 0; a < 3; ++a) {
    const double at = ray.origin[a] + enter * ray.direction[a];
    voxel[a] = std::clamp(int(std::floor(at)), low_[a], high_[a] - 1);
    step[a] = ray.direction[a] > 0 ? 1 : -1;
    const bool moves = ray.direction[a] != 0;
    stride[a] = moves ? std::abs(inverse[a]) : inf;
    next[a] = moves ? (voxel[a] + (step[a] > 0) - ray.origin[a]) * inverse[a] : inf;
  }
  double distance = enter;
  while (true) {
    if (axis >= 0 && filled(voxel)) return VoxelHit{voxel, axis, step[axis] < 0, distance};
    axis = next[0] < next[1] ? (next[0] < next[2] ? 0 : 2) : (next[1] < next[2] ? 1 : 2);
    distance = next[axis];
    next[axis] += stride[axis];
    voxel[axis] += step[axis];
    if (voxel[axis] < low_[axis] || voxel[axis] >= high_[axis]) return std::nullopt;
  }
}

}  // namespace voxgrad
