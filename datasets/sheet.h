// Sheets of pictures that show what is in a data set.
#pragma once

#include "datasets/dataset.h"

namespace voxgrad {

/// A row for each object, spread evenly over the set: the picture with its box, the picture with
/// the voxels drawn over it by the picture's own camera (grey where the set tells none), and the
/// voxels from the front, from the side and from the top (voxels/render/grid_views.h). Wrong axes
/// show in the second picture; a mirrored object in its left and right. Throws what the set throws.
Image axes_sheet(const Dataset& dataset, int objects, int view = 0);

/// A row for each category: pictures of up to `objects` objects, their volumes below.
Image overview_sheet(const Dataset& dataset, int objects);

}  // namespace voxgrad
