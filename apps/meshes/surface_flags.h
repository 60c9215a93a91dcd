// Flags about meshes that `predict` and `mesh` share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/command_line/command_line.h"
#include "voxels/surface/surface.h"

namespace voxgrad::apps {

inline const std::vector<std::string> kMeshFormats{"obj", "ply", "stl", "glb"};

/// Formats in small letters, each once. ConfigError for one that is not among `known`.
std::vector<std::string> checked_formats(const std::vector<std::string>& given,
                                         const std::vector<std::string>& known);
bool is_mesh_format(const std::string& format);

struct SurfaceFlags {
  std::string surface = "blocks";
  int smoothing = SurfaceOptions{}.smoothing;
  double keep_triangles = 1;
  std::string components = "all";
  std::optional<double> size_mm;
  std::string up;  // empty: as the format has it
  double min_wall_mm = 0;
  bool strict = false;
  bool transparent = false;  // of pictures
  int picture_size = 512;

  void add(Verb& verb);
  /// ConfigError for values that make no sense, or no sense with these formats.
  void check_values(const std::vector<std::string>& formats) const;
  SurfaceOptions options(double threshold) const;
  Placement placement(const std::string& format) const;
};

}  // namespace voxgrad::apps
