#include "pix2vox/evaluation/fscore.h"

#include <algorithm>
#include <cmath>

#include "pix2vox/evaluation/point_grid.h"
#include "tensor/error.h"
#include "tensor/rng.h"
#include "voxels/surface/empty_corner_surface.h"

namespace voxgrad {
namespace {

constexpr std::uint64_t kSurfacePoints = 0x5f5c07e;  // keeps these draws apart from all others

double mean(const std::vector<float>& values) {
  double total = 0;
  for (const float value : values) total += value;
  return total / double(values.size());
}

double share_below(const std::vector<float>& values, double limit) {
  return double(std::ranges::count_if(values, [&](float d) { return double(d) < limit; })) /
         double(values.size());
}

}  // namespace

std::vector<Vec3f> sample_surface(const Mesh& mesh, int points, std::uint64_t seed,
                                  std::uint64_t key, std::uint64_t side) {
  std::vector<double> area_up_to;
  double total = 0;
  for (const auto& t : mesh.triangles) {
    const Vec3 &a = mesh.vertices[t[0]], &b = mesh.vertices[t[1]], &c = mesh.vertices[t[2]];
    area_up_to.push_back(total += length(cross(b - a, c - a)) / 2);
  }
  check(total > 0, "[sample_surface] the mesh has no area");
  Rng rng(seed, {kSurfacePoints, key, side});
  std::vector<Vec3f> result(static_cast<std::size_t>(points));
  for (Vec3f& point : result) {
    const double where = rng.uniform() * total;
    double u = rng.uniform(), v = rng.uniform();
    const auto found = std::ranges::upper_bound(area_up_to, where);
    const std::size_t i =
        std::min(std::size_t(found - area_up_to.begin()), mesh.triangles.size() - 1);
    if (u + v > 1) {  // the other half of the parallelogram
      u = 1 - u;
      v = 1 - v;
    }
    const auto& t = mesh.triangles[i];
    const Vec3 &a = mesh.vertices[t[0]], &b = mesh.vertices[t[1]], &c = mesh.vertices[t[2]];
    const Vec3 place = a + u * (b - a) + v * (c - a);
    point = {float(place[0]), float(place[1]), float(place[2])};
  }
  return result;
}

ShapeDistance shape_distance(const VoxelGrid& prediction, double threshold, const VoxelGrid& truth,
                             std::uint64_t key, const FScoreOptions& options) {
  check(prediction.n == truth.n, "[shape_distance] a prediction of ", prediction.n,
        " voxels per side and a truth of ", truth.n);
  check(options.points >= 1, "[shape_distance] ", options.points, " points");
  const Mesh ours = empty_corner_surface(prediction, threshold);
  const Mesh theirs = empty_corner_surface(truth, 0.5);
  ShapeDistance result;
  if (ours.triangles.empty() || theirs.triangles.empty()) {
    if (ours.triangles.empty() && theirs.triangles.empty()) {
      result.fscore.fill(1);
      result.chamfer = 0;
    }
    return result;
  }
  const std::vector<Vec3f> truth_points =
      sample_surface(theirs, options.points, options.seed, key, 0);
  const std::vector<Vec3f> predicted_points =
      sample_surface(ours, options.points, options.seed, key, 1);
  const std::vector<float> to_truth = PointGrid(truth_points).distances(predicted_points);
  const std::vector<float> to_prediction = PointGrid(predicted_points).distances(truth_points);
  for (std::size_t i = 0; i < fscore_distances.size(); ++i) {
    const double precision = share_below(to_truth, fscore_distances[i]);
    const double recall = share_below(to_prediction, fscore_distances[i]);
    result.fscore[i] = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
  }
  result.chamfer = mean(to_truth) + mean(to_prediction);
  return result;
}

}  // namespace voxgrad
