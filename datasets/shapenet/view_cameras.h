// The cameras in rendering_metadata.txt: a line for each view with azimuth, elevation, in-plane
// rotation (degrees), distance, field of view (degrees).
//
// `dataset build` writes distances in longest sides of the object's box, at whose middle the camera
// looks, and its azimuth 0 stands at +z. 3D-R2N2 writes factors of 1.75 between 0.6 and 1, in the
// mesh's own coordinates, looking at their origin; focal length 2.1875 half pictures; azimuth 0
// stands at +x and azimuth 90 at +z. (Not compared with a genuine object yet: docs/datasets.md.)
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "datasets/dataset.h"

namespace voxgrad {

/// None if there is no such file, it has not a line for each of `views` views, or a line is not as
/// above. `volume` gives the grid, for the place of its cube in the mesh's coordinates.
std::optional<GridCamera> rendering_camera(const std::filesystem::path& rendering, int views,
                                           int view, const std::function<VoxelGrid()>& volume);

}  // namespace voxgrad
