// The polygons of one cell of marching cubes.
//
// Corner c lies at (c & 1, c >> 1 & 1, c >> 2 & 1). Edge 4 * axis + k runs along `axis` from its
// low corner; k counts the low corners in ascending order.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace voxgrad {

struct CubeEdge {
  int low, high;  // corners
  int axis;
  unsigned faces;  // bit 2 * a + s: it lies on the face at side s of axis a
};

/// The twelve edges.
const std::array<CubeEdge, 12>& cube_edges();

/// Closed polygons, as edges, counter-clockwise seen from the empty side.
using CubePolygons = std::vector<std::vector<int>>;

/// Of a cell whose corner c is occupied if bit c is set. `joined` has a bit a face, as in CubeEdge,
/// for faces of which only two opposite corners are occupied: set if these are joined.
CubePolygons cube_polygons(unsigned occupied, unsigned joined);

/// The faces of which only two opposite corners are occupied, as bits.
unsigned ambiguous_faces(unsigned occupied);

/// The four corners of a face, counter-clockwise seen from outside the cell.
const std::array<int, 4>& face_corners(int face);

/// True if a polygon's diagonals from its corner `from` all run between edges that lie on no common
/// face.
bool fan_stays_inside(const std::vector<int>& polygon, std::size_t from);

}  // namespace voxgrad
