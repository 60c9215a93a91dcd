// How sharp a picture is, along rows and along columns: the width of its edges, as in Marziliano,
// Dufaux, Winkler and Ebrahimi, "A no-reference perceptual blur metric", ICIP 2002. An edge is
// where brightness changes most along a line; it is as wide as brightness goes on rising or
// falling.
#pragma once

#include "voxels/image/image.h"

namespace voxgrad {

struct EdgeWidths {
  // Of the sharpest quarter of the edges along rows (from left to right) and along columns, their
  // largest width in pixels; 0 where there are too few edges.
  double along_rows = 0, along_columns = 0;
  int rows_edges = 0, columns_edges = 0;  // how many there are
};

/// Of what is in and around `mask`, which is as large as the picture. Clear pixels count as light.
EdgeWidths edge_widths(const Image& picture, const Image& mask);

}  // namespace voxgrad
