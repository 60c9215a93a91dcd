// Pictures that show at once whether a grid's axes are right: the grid drawn over the picture that
// it belongs to, and as seen along each axis.
#pragma once

#include "voxels/grid/grid.h"
#include "voxels/image/image.h"
#include "voxels/render/grid_camera.h"

namespace voxgrad {

/// The picture (transparent parts white) with the voxels of value >= 0.5 over it, as its camera
/// sees them: faces to +x and -x red, to +y and -y green, to +z and -z blue, half transparent. RGB,
/// `scale` times as large as the picture.
Image draw_over(const Image& picture, const VoxelGrid& grid, const GridCamera& camera,
                int scale = 1);

enum class GridSide { front, side, top };

/// The grid in parallel projection, size x size: from the front (+x; +z is on the left), from +z
/// (the front, +x, is on the right), or from the top (the front is below, +z on the left). Voxels
/// of value >= 0.5; nearer ones are lighter.
Image draw_side(const VoxelGrid& grid, GridSide side, int size);

}  // namespace voxgrad
