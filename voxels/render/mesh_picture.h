// Pictures of meshes for people, in the light and from the camera of draw_voxels, so that the two
// can stand side by side.
#pragma once

#include <span>
#include <vector>

#include "voxels/grid/grid.h"
#include "voxels/mesh/mesh.h"
#include "voxels/render/voxel_render.h"

namespace voxgrad {

/// A closed mesh in the world coordinates of a grid, whose cube fits the frame. Edges of more than
/// 40 degrees stay sharp. Colours of vertices are shown; options.threshold is not used. An empty
/// mesh gives a plain background. The same bits for any number of threads.
Image draw_mesh(const Mesh& mesh, const VoxelGrid& frame, const PictureOptions& options = {});

/// One such picture per azimuth. The light of the sky is computed once for all of them.
std::vector<Image> draw_mesh(const Mesh& mesh, const VoxelGrid& frame,
                             const PictureOptions& options, std::span<const double> azimuths);

}  // namespace voxgrad
