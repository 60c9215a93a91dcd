// Is a mesh fit for printing and for other programs? What it looks like to a reader that merges
// vertices of one position, as most do, in the float32 that STL, PLY and GLB store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "voxels/mesh/mesh.h"

namespace voxgrad {

struct MeshReport {
  std::int64_t vertices = 0;  // after merging
  std::int64_t triangles = 0;
  std::int64_t boundary_edges = 0;        // of one triangle: the surface has a hole
  std::int64_t nonmanifold_edges = 0;     // of three triangles or more
  std::int64_t flipped_edges = 0;         // of two triangles whose windings disagree
  std::int64_t degenerate_triangles = 0;  // two corners at one place
  std::int64_t components = 0;            // closed parts: shells of positive volume
  std::int64_t cavities = 0;              // shells of negative volume: hollows inside parts
  double volume = 0;                      // enclosed; negative if the surface is inside out
  double area = 0;
  Vec3 size{0, 0, 0};  // of the bounding box
  /// Thickness of the thinnest part, measured from triangles straight through to the opposite wall;
  /// 0.2 % of the area, such as the tips of wedges, may be thinner. 0 if it was not asked for.
  double thinnest = 0;

  /// Closed, manifold, outward.
  bool sound() const;
};

struct MeshReportOptions {
  bool thickness = true;
};

/// Error if a triangle uses a vertex that does not exist.
MeshReport report_on(const Mesh& mesh, const MeshReportOptions& options = {});

/// What is wrong, each in a phrase: "12 edges with more than two triangles". Walls thinner than
/// min_wall count, if that is above 0.
std::vector<std::string> problems_of(const MeshReport& report, double min_wall = 0);

}  // namespace voxgrad
