#include "voxels/surface/block_surface.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "tensor/error.h"
#include "voxels/grid/union_find.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

using Lattice = std::array<int, 3>;

/// A square between a voxel and its empty neighbour along +axis or -axis. Corners 0..3 run
/// counter-clockwise seen from the empty side; side k goes from corner k to corner k + 1.
struct Face {
  Lattice voxel;
  int axis;
  bool positive;

  Lattice corner(int k) const {
    const int u = (axis + 1) % 3, v = (axis + 2) % 3;
    const int turn = positive ? k : 3 - k;
    Lattice point = voxel;
    point[axis] += positive;
    point[u] += turn == 1 || turn == 2;
    point[v] += turn >= 2;
    return point;
  }
};

/// One side of one face; `edge` is the same for all sides on the same lattice edge.
struct Side {
  std::uint64_t edge;
  std::uint32_t corner;  // 4 * face + k
};

constexpr std::uint32_t next_corner(std::uint32_t corner) {
  return (corner & ~3u) | ((corner + 1) & 3u);
}

class Surface {
 public:
  Surface(const VoxelGrid& grid, double threshold) : grid_(grid), threshold_(threshold) {
    find_faces();
    weld_corners();
    separate_double_vertices();
    separate_double_edges();
  }

  Mesh mesh() {
    for (std::uint32_t face = 0; face < faces_.size(); ++face) emit(face);
    return std::move(mesh_);
  }

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  bool occupied(const Lattice& p) const {
    for (const int i : p) {
      if (i < 0 || i >= grid_.n) return false;
    }
    return grid_.at(p[0], p[1], p[2]) >= threshold_;
  }

  void find_faces() {
    Lattice voxel;
    for (voxel[0] = 0; voxel[0] < grid_.n; ++voxel[0]) {
      for (voxel[1] = 0; voxel[1] < grid_.n; ++voxel[1]) {
        for (voxel[2] = 0; voxel[2] < grid_.n; ++voxel[2]) {
          if (occupied(voxel)) add_faces_of(voxel);
        }
      }
    }
    check(faces_.size() < kNone / 8, "[block_surface] ", faces_.size(),
          " faces are too many for 32-bit indices: use a smaller grid");
  }

  void add_faces_of(const Lattice& voxel) {
    for (int axis = 0; axis < 3; ++axis) {
      for (const bool positive : {false, true}) {
        Lattice neighbour = voxel;
        neighbour[axis] += positive ? 1 : -1;
        if (!occupied(neighbour)) faces_.push_back({voxel, axis, positive});
      }
    }
  }

  std::uint64_t edge_key(const Lattice& a, const Lattice& b) const {
    const auto [low, high] = std::minmax(a, b);
    const std::uint64_t n = std::uint64_t(grid_.n) + 1;
    const std::uint64_t direction = high[0] > low[0] ? 0 : high[1] > low[1] ? 1 : 2;
    return (((std::uint64_t(low[0]) * n + std::uint64_t(low[1])) * n + std::uint64_t(low[2])) * 3) +
           direction;
  }

  const Face& face_of(const Side& side) const { return faces_[side.corner / 4]; }

  /// Joins the faces at each edge two by two; joined faces share the edge's end vertices. Around a
  /// vertex the joins form rings of faces, one ring a vertex.
  void weld_corners() {
    sides_.reserve(4 * faces_.size());
    for (std::uint32_t face = 0; face < faces_.size(); ++face) {
      for (int k = 0; k < 4; ++k) {
        sides_.push_back({edge_key(faces_[face].corner(k), faces_[face].corner((k + 1) % 4)),
                          4 * face + std::uint32_t(k)});
      }
    }
    // An edge has two sides, or four where voxels touch along it: then each voxel keeps its own
    // two.
    std::sort(sides_.begin(), sides_.end(), [this](const Side& a, const Side& b) {
      if (a.edge != b.edge) return a.edge < b.edge;
      if (face_of(a).voxel != face_of(b).voxel) return face_of(a).voxel < face_of(b).voxel;
      return a.corner < b.corner;
    });
    corners_ = UnionFind(sides_.size());
    for (std::size_t i = 0; i < sides_.size(); i += 2) {
      const std::uint32_t a = sides_[i].corner, b = sides_[i + 1].corner;
      corners_.unite(a, next_corner(b));
      corners_.unite(next_corner(a), b);
    }
    vertex_.assign(sides_.size(), kNone);
    middle_.assign(sides_.size(), kNone);
  }

  std::uint64_t lattice_key(std::uint32_t corner) const {
    const Lattice point = faces_[corner / 4].corner(int(corner % 4));
    const std::uint64_t n = std::uint64_t(grid_.n) + 1;
    return (std::uint64_t(point[0]) * n + std::uint64_t(point[1])) * n + std::uint64_t(point[2]);
  }

  /// From a corner of a face to the middle of the face, in half voxels.
  static Vec3 inwards(const Face& face, int k) {
    const Lattice here = face.corner(k), opposite = face.corner((k + 2) % 4);
    Vec3 way;
    for (int axis = 0; axis < 3; ++axis) way[axis] = opposite[axis] - here[axis];
    return way;
  }

  /// Where several rings of faces meet in one lattice point, each has a vertex of its own there.
  /// They are moved apart, each towards the middle of its faces, or readers that merge vertices of
  /// one position would join what only touches.
  void separate_double_vertices() {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> rings;  // lattice point, name of the ring
    for (std::uint32_t corner = 0; corner < sides_.size(); ++corner)
      if (corners_.find(corner) == corner) rings.emplace_back(lattice_key(corner), corner);
    std::sort(rings.begin(), rings.end());
    for (std::size_t i = 0; i < rings.size(); ++i) {
      const bool shared = (i > 0 && rings[i - 1].first == rings[i].first) ||
                          (i + 1 < rings.size() && rings[i + 1].first == rings[i].first);
      if (shared) shift_.emplace(rings[i].second, Vec3{0, 0, 0});
    }
    if (shift_.empty()) return;
    for (std::uint32_t corner = 0; corner < sides_.size(); ++corner) {
      const auto shift = shift_.find(corners_.find(corner));
      if (shift != shift_.end())
        shift->second = shift->second + inwards(faces_[corner / 4], int(corner % 4));
    }
    for (auto& [ring, shift] : shift_) {
      double largest = 0;
      for (const double value : shift) largest = std::max(largest, std::abs(value));
      if (largest > 0) shift = contact_gap / largest * shift;
    }
  }

  /// Where voxels touch along an edge, both ends of its two copies may still be the same vertices,
  /// joined around the edge's ends. A vertex in the middle of each copy, moved into its own voxel,
  /// keeps them apart.
  void separate_double_edges() {
    for (std::size_t i = 0; i + 2 < sides_.size(); i += 2) {
      if (sides_[i].edge != sides_[i + 2].edge) continue;
      const std::uint32_t a = sides_[i].corner, b = sides_[i + 2].corner;
      const auto ends_a = std::minmax({corners_.find(a), corners_.find(next_corner(a))});
      const auto ends_b = std::minmax({corners_.find(b), corners_.find(next_corner(b))});
      if (ends_a != ends_b) continue;
      for (const std::size_t pair : {i, i + 2}) {
        middle_[sides_[pair].corner] = middle_[sides_[pair + 1].corner] = add_middle(sides_[pair]);
      }
    }
  }

  std::uint32_t add_middle(const Side& side) {
    const Face& face = face_of(side);
    const Vec3 a = position(side.corner), b = position(next_corner(side.corner));
    const int k = int(side.corner % 4);
    const Lattice from = face.corner(k), to = face.corner((k + 1) % 4);
    Vec3 middle = 0.5 * (a + b);
    for (int axis = 0; axis < 3; ++axis) {
      if (from[axis] != to[axis]) continue;
      const bool low_side = from[axis] == face.voxel[axis];
      middle[axis] += (low_side ? 1 : -1) * contact_gap * grid_.scale / grid_.n;
    }
    return add_vertex(middle);
  }

  Vec3 position(std::uint32_t corner) const {
    const Lattice point = faces_[corner / 4].corner(int(corner % 4));
    Vec3 result;
    for (int axis = 0; axis < 3; ++axis) {
      result[axis] = grid_.translate[axis] + grid_.scale * point[axis] / grid_.n;
    }
    return result;
  }

  std::uint32_t add_vertex(const Vec3& vertex) {
    mesh_.vertices.push_back(vertex);
    return std::uint32_t(mesh_.vertices.size() - 1);
  }

  std::uint32_t vertex_of(std::uint32_t corner) {
    std::uint32_t& vertex = vertex_[corners_.find(corner)];
    if (vertex != kNone) return vertex;
    Vec3 place = position(corner);
    const auto shift = shift_.find(corners_.find(corner));
    if (shift != shift_.end()) place = place + grid_.scale / grid_.n * shift->second;
    return vertex = add_vertex(place);
  }

  void emit(std::uint32_t face) {
    std::vector<std::uint32_t> outline;
    for (std::uint32_t corner = 4 * face; corner < 4 * face + 4; ++corner) {
      outline.push_back(vertex_of(corner));
      if (middle_[corner] != kNone) outline.push_back(middle_[corner]);
    }
    if (outline.size() == 4) {
      mesh_.triangles.push_back({outline[0], outline[1], outline[2]});
      mesh_.triangles.push_back({outline[0], outline[2], outline[3]});
      return;
    }
    const std::uint32_t centre = add_vertex(0.5 * (position(4 * face) + position(4 * face + 2)));
    for (std::size_t i = 0; i < outline.size(); ++i) {
      mesh_.triangles.push_back({centre, outline[i], outline[(i + 1) % outline.size()]});
    }
  }

  const VoxelGrid& grid_;
  double threshold_;
  std::vector<Face> faces_;
  std::vector<Side> sides_;              // sorted; joined sides are neighbours
  UnionFind corners_{0};                 // joined ones are one vertex
  std::vector<std::uint32_t> vertex_;    // of the root corner of a vertex
  std::map<std::uint32_t, Vec3> shift_;  // of rings that share a lattice point, in voxels
  std::vector<std::uint32_t> middle_;    // vertex in the middle of the side that starts here
  Mesh mesh_;
};

}  // namespace

Mesh block_surface(const VoxelGrid& grid, double threshold) {
  return Surface(grid, threshold).mesh();
}

}  // namespace voxgrad
