// From voxels to a mesh that prints: parts chosen, surface made, smoothed, decimated, coloured and
// put into place.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "voxels/grid/grid.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad {

enum class SurfaceKind { blocks, smooth };

/// "blocks" or "smooth"; ConfigError for anything else.
SurfaceKind surface_kind_from(const std::string& name);

struct SurfaceOptions {
  SurfaceKind kind = SurfaceKind::blocks;
  double threshold = 0.5;     // voxels with value >= threshold are occupied
  int components = 0;         // keep this many of the largest parts; 0: all
  int smoothing = 10;         // steps of Taubin's smoothing, of smooth surfaces only
  double keep_triangles = 1;  // share of the triangles to keep
};

struct Surface {
  Mesh mesh;
  std::vector<std::string> notes;  // what could not be done as asked
};

/// Closed, welded, outward, in world coordinates: block_surface or marching_cubes. Without occupied
/// voxels the mesh is empty.
Surface make_surface(const VoxelGrid& grid, const SurfaceOptions& options = {});

/// Where a mesh goes and how large it is.
struct Placement {
  /// Longest side, in millimetres; 0: coordinates stay as they are.
  double size_mm = 0;
  /// Turns y up into z up, front (+z) into -y, as slicers and CAD programs have it.
  bool z_up = false;
  /// With size_mm: stands on the plane of height 0, its middle above the origin. Without it the
  /// middle of the box is the origin.
  bool on_plate = true;
  double units_per_mm = 1;  // 0.001: coordinates in metres
};

/// How a file of this format ("stl", ".obj" ...) is placed unless the user says otherwise. STL is
/// for printing: millimetres, 100 for the longest side, z up. GLB is in metres and y up, as glTF
/// demands, independent of `up`. Other formats keep the grid's coordinates and y up.
/// up: "y" or "z". ConfigError for anything else and for a size that is not above 0.
Placement placement_for(const std::string& format, std::optional<double> size_mm = {},
                        const std::optional<std::string>& up = {});

Mesh placed(Mesh mesh, const Placement& placement);

}  // namespace voxgrad
