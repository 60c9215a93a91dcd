// Fewer triangles with the same shape, by meshoptimizer's edge collapses.
#pragma once

#include "voxels/mesh/mesh.h"

namespace voxgrad {

struct DecimationResult {
  Mesh mesh;
  bool reached = false;  // false: fewer triangles would not have been a closed manifold
};

/// Down to about `share` of the triangles, 0 < share <= 1. The result is as sound as the mesh was
/// (report_on): where collapses would break it, it keeps more triangles, at worst all of them.
/// Colours of vertices stay with them; those of triangles are dropped. Error for another share.
DecimationResult decimated(const Mesh& mesh, double share);

}  // namespace voxgrad
