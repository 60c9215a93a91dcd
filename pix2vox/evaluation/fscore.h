// F-score and Chamfer distance between voxel shapes, as published (what3d, CVPR 2019):
//
//   1. The surface of either shape: marching cubes at iso value 0 on the padded 0/1 grid
//      (voxels/surface/empty_corner_surface.h), the padded grid scaled to the unit cube.
//   2. `points` points on it, uniform by area.
//   3. Distances from each point to the nearest one of the other shape.
//   4. precision(d), recall(d): shares of the prediction's and of the truth's distances < d;
//      F(d) = 2 precision recall / (precision + recall).  F@1% is F(0.01).
//   5. Chamfer distance = mean of the one + mean of the other, in the unit cube's length.
//
// Without occupied voxels in one of the two, F is 0 and there is no Chamfer distance; two empty
// shapes are equal (F 1, Chamfer 0). The points are drawn by Rng(seed, {surface, key, side}) with
// side 0 for the truth and 1 for the prediction; `key` tells objects apart. F depends a little on
// the number of points and on the draw (about 0.005 for one object), so both belong to the figure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "voxels/grid/grid.h"
#include "voxels/mesh/mesh.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {

struct FScoreOptions {
  int points = 8192;
  std::uint64_t seed = 0;
};

inline constexpr std::array<double, 6> fscore_distances{0.005, 0.01, 0.02, 0.05, 0.1, 0.2};
inline constexpr std::size_t fscore_one_percent = 1;  // among them

struct ShapeDistance {
  std::array<double, fscore_distances.size()> fscore{};
  std::optional<double> chamfer{};
};

/// The voxels with prediction >= threshold against those with truth >= 0.5. Error if the sizes
/// differ.
ShapeDistance shape_distance(const VoxelGrid& prediction, double threshold, const VoxelGrid& truth,
                             std::uint64_t key, const FScoreOptions& options = {});

/// Points on a mesh, uniform by area: a triangle by the first number of each three, a place in it
/// by the other two. Error if the mesh has no area.
std::vector<Vec3f> sample_surface(const Mesh& mesh, int points, std::uint64_t seed,
                                  std::uint64_t key, std::uint64_t side);

}  // namespace voxgrad
