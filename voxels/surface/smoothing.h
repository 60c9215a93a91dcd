// Smoothing that does not shrink: Taubin, "A signal processing approach to fair surface design",
// SIGGRAPH 1995. Each step moves every vertex towards the mean of its neighbours by `lambda` of the
// way, then away from it by `mu`: details finer than a few edges vanish, size and volume stay.
#pragma once

#include "voxels/mesh/mesh.h"

namespace voxgrad {

struct SmoothingOptions {
  int steps = 10;
  double lambda = 0.5;
  double mu = 0.53;
};

/// Which triangles there are does not change. Vertices without triangles stay.
void smooth(Mesh& mesh, const SmoothingOptions& options = {});

}  // namespace voxgrad
