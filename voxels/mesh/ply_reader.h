// Reads Stanford PLY files: ASCII and binary of both byte orders, polygons of any size, triangle
// strips, colours per face or vertex. Our own reader, because assimp's (up to 5.2) loops or crashes
// on damaged files.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// Polygons are cut by PolygonCutter. In strips (element tristrips) an index of -1 begins anew.
/// Lines of the header may end in LF, CRLF or CR. A triangle's colour is its face's, else its
/// vertices' mean, else grey; integers count up to the largest of their type, floats up to 1.
/// `name` stands in the messages. Error, with a reason, for a header that is not understood, a
/// missing x, y, z or list of vertex indices, indices out of range, more than max_mesh_triangles
/// triangles, or missing data. Elements and properties that are not needed are passed over.
Mesh decode_ply(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace voxgrad
