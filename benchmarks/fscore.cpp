// How long F-score and Chamfer distance take: made-up objects (balls and boxes with noise, where a
// prediction is its truth shifted and thinned), 32 voxels per side, all threads.
//
//   benchmark_fscore [OBJECTS] [POINTS]     8770 objects and 8192 points unless told otherwise
#include "pix2vox/evaluation/fscore.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "tensor/rng.h"

using namespace voxgrad;

namespace {

struct Pair {
  VoxelGrid prediction{32}, truth{32};
};

Pair made_up(std::uint64_t seed) {
  Rng rng(seed);
  Pair pair;
  const double radius = rng.uniform(5, 14), shift = rng.uniform(0, 4), noise = rng.uniform(0, 0.25);
  const bool box = rng.uniform() < 0.5;
  for (int x = 0; x < 32; ++x)
    for (int y = 0; y < 32; ++y)
      for (int z = 0; z < 32; ++z) {
        const auto inside = [&](double by) {
          const double dx = x - 15.5 - by, dy = (y - 15.5) * 0.8, dz = (z - 15.5) * 1.3;
          return box ? std::max({std::abs(dx), std::abs(dy), std::abs(dz)}) < radius
                     : std::hypot(dx, dy, dz) < radius;
        };
        pair.truth.at(x, y, z) = inside(0);
        pair.prediction.at(x, y, z) =
            float(std::clamp((inside(shift) ? 0.8 : 0.1) + noise * rng.normal(), 0.0, 1.0));
      }
  return pair;
}

}  // namespace

int main(int argc, char** argv) {
  const int objects = argc > 1 ? std::atoi(argv[1]) : 8770;
  FScoreOptions options;
  if (argc > 2) options.points = std::atoi(argv[2]);
  std::vector<Pair> pairs;
  for (std::uint64_t i = 0; i < 200; ++i) pairs.push_back(made_up(i));
  const auto start = std::chrono::steady_clock::now();
  double total = 0;
#pragma omp parallel for schedule(dynamic, 1) reduction(+ : total)
  for (int i = 0; i < objects; ++i) {
    const Pair& pair = pairs[std::size_t(i) % pairs.size()];
    total += shape_distance(pair.prediction, 0.5, pair.truth, std::uint64_t(i), options)
                 .fscore[fscore_one_percent];
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{} objects, {} points: {:.1f} s, {:.2f} ms per object; mean F@1% {:.4f}\n", objects,
             options.points, seconds, 1000 * seconds / objects, total / objects);
}
