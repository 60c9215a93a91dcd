// A predicted volume as a file of any format that the program writes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "voxels/grid/grid.h"

namespace voxgrad::apps {

struct VolumeFileOptions {
  std::string format = "glb";  // one of volume_formats()
  double threshold = 0.3;
  bool smooth = true;               // meshes: a smooth surface, else that of the blocks
  std::optional<double> size_mm{};  // of the longest side, where the format's own is not wanted
};

std::vector<std::string> volume_formats();
/// "model/stl"
std::string media_type(const std::string& format);
/// Error for a mesh without a surface.
std::vector<std::uint8_t> volume_file(const VoxelGrid& grid, const VolumeFileOptions& options);

}  // namespace voxgrad::apps
