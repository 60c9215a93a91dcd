// Pictures of voxel grids for people: shaded blocks on a plain ground, seen from above at an angle,
// y up.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "voxels/grid/grid.h"
#include "voxels/image/image.h"

namespace voxgrad {

using Color = std::array<std::uint8_t, 3>;  // sRGB

struct PictureOptions {
  int width = 512, height = 512;
  double threshold = 0.5;  // voxels with value >= threshold are drawn
  double azimuth = 35;     // degrees from +z towards +x at which the camera stands
  double elevation = 27;   // degrees above the horizon, -80..80
  int samples = 3;         // rays per pixel, along each axis
  Color color{92, 148, 205};
  Color background{244, 244, 242};
  bool transparent = false;  // RGBA: no background, and of the ground only the shadow
};

/// An RGB picture, or RGBA. The whole cube of the grid fits the frame, so pictures of different
/// grids from the same direction can be compared. An empty grid gives a plain background. Same bits
/// for any number of threads.
Image draw_voxels(const VoxelGrid& grid, const PictureOptions& options = {});

/// One such picture per azimuth. The light of the sky is computed once for all of them.
std::vector<Image> draw_voxels(const VoxelGrid& grid, const PictureOptions& options,
                               std::span<const double> azimuths);

}  // namespace voxgrad
