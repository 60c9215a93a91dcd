#include "voxels/surface/cube_polygons.h"

#include <utility>

namespace voxgrad {
namespace {

std::array<CubeEdge, 12> make_edges() {
  std::array<CubeEdge, 12> edges{};
  int next = 0;
  for (int axis = 0; axis < 3; ++axis)
    for (int low = 0; low < 8; ++low) {
      if (low >> axis & 1) continue;
      CubeEdge edge{low, low | 1 << axis, axis, 0};
      for (int other = 0; other < 3; ++other)
        if (other != axis) edge.faces |= 1u << (2 * other + (low >> other & 1));
      edges[std::size_t(next++)] = edge;
    }
  return edges;
}

std::array<std::array<int, 4>, 6> make_faces() {
  std::array<std::array<int, 4>, 6> faces{};
  for (int axis = 0; axis < 3; ++axis)
    for (int side = 0; side < 2; ++side) {
      const int u = 1 << (axis + 1) % 3, v = 1 << (axis + 2) % 3, base = side << axis;
      // u, v and the axis are right-handed: u before v turns counter-clockwise seen from +axis.
      faces[std::size_t(2 * axis + side)] =
          side ? std::array{base, base | u, base | u | v, base | v}
               : std::array{base, base | v, base | u | v, base | u};
    }
  return faces;
}

/// edge_between[a][b] for corners that an edge joins.
std::array<std::array<int, 8>, 8> make_edge_between() {
  std::array<std::array<int, 8>, 8> result{};
  for (int e = 0; e < 12; ++e) {
    const CubeEdge& edge = cube_edges()[std::size_t(e)];
    result[std::size_t(edge.low)][std::size_t(edge.high)] = e;
    result[std::size_t(edge.high)][std::size_t(edge.low)] = e;
  }
  return result;
}

int edge_between(int a, int b) {
  static const auto table = make_edge_between();
  return table[std::size_t(a)][std::size_t(b)];
}

constexpr int kNone = -1;

/// Adds the sides of polygons on a face: next[e] is the edge after e. Walking counter-clockwise, a
/// side runs from where the walk enters occupied corners to where it leaves some.
void join_on_face(int face, unsigned occupied, bool joined, std::array<int, 12>& next) {
  const std::array<int, 4>& corner = face_corners(face);
  const auto filled = [&](int k) { return (occupied >> corner[std::size_t(k & 3)] & 1) != 0; };
  const auto edge = [&](int k) {
    return std::size_t(edge_between(corner[std::size_t(k & 3)], corner[std::size_t((k + 1) & 3)]));
  };
  const bool ambiguous = filled(0) == filled(2) && filled(1) == filled(3) && filled(0) != filled(1);
  for (int k = 0; k < 4; ++k) {
    if (filled(k) || !filled(k + 1)) continue;  // the walk enters between k and k + 1
    if (ambiguous) {
      // Cut off the occupied corner ahead, or the empty one behind.
      next[edge(k)] = int(joined ? edge(k + 3) : edge(k + 1));
      continue;
    }
    int leave = k + 1;
    while (!(filled(leave) && !filled(leave + 1))) ++leave;
    next[edge(k)] = int(edge(leave));
  }
}

}  // namespace

const std::array<CubeEdge, 12>& cube_edges() {
  static const std::array<CubeEdge, 12> edges = make_edges();
  return edges;
}

const std::array<int, 4>& face_corners(int face) {
  static const auto faces = make_faces();
  return faces[std::size_t(face)];
}

unsigned ambiguous_faces(unsigned occupied) {
  unsigned faces = 0;
  for (int face = 0; face < 6; ++face) {
    const std::array<int, 4>& c = face_corners(face);
    const auto filled = [&](int k) { return occupied >> c[std::size_t(k)] & 1; };
    if (filled(0) == filled(2) && filled(1) == filled(3) && filled(0) != filled(1))
      faces |= 1u << face;
  }
  return faces;
}

CubePolygons cube_polygons(unsigned occupied, unsigned joined) {
  std::array<int, 12> next;
  next.fill(kNone);
  for (int face = 0; face < 6; ++face)
    join_on_face(face, occupied, (joined >> face & 1) != 0, next);
  CubePolygons polygons;
  for (int start = 0; start < 12; ++start) {
    if (next[std::size_t(start)] == kNone) continue;
    std::vector<int> polygon;
    for (int at = start; next[std::size_t(at)] != kNone;) {
      polygon.push_back(at);
      at = std::exchange(next[std::size_t(at)], kNone);
    }
    polygons.push_back(std::move(polygon));
  }
  return polygons;
}

bool fan_stays_inside(const std::vector<int>& polygon, std::size_t from) {
  const auto faces = [&](std::size_t k) {
    return cube_edges()[std::size_t(polygon[k % polygon.size()])].faces;
  };
  for (std::size_t k = 2; k + 1 < polygon.size(); ++k)
    if ((faces(from) & faces(from + k)) != 0) return false;
  return true;
}

}  // namespace voxgrad
