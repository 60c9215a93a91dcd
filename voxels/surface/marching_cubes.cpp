#include "voxels/surface/marching_cubes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "tensor/error.h"
#include "voxels/mesh/vec3.h"
#include "voxels/surface/cube_polygons.h"

namespace voxgrad {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

/// Cells in layers along x. Sample i of an axis is the centre of voxel i - 1, so samples 0 and
/// n + 1 are the empty surroundings, and cell i lies between samples i and i + 1.
class MarchingCubes {
 public:
  MarchingCubes(const VoxelGrid& grid, const MarchingCubesOptions& options)
      : grid_(grid),
        options_(options),
        side_(std::size_t(grid.n) + 2),
        // Voxels of value 1 end half-way, like blocks; where 0 counts as occupied, too.
        outside_(options.threshold > 0 ? 0.0 : options.threshold - 1) {
    for (auto& layer : in_layer_) layer.assign(2 * side_ * side_, kNone);
    between_.assign(side_ * side_, kNone);
  }

  Mesh mesh() {
    for (int x = 0; x <= grid_.n; ++x) {
      for (int y = 0; y <= grid_.n; ++y)
        for (int z = 0; z <= grid_.n; ++z) cell({x, y, z});
      std::swap(in_layer_[0], in_layer_[1]);
      std::fill(in_layer_[1].begin(), in_layer_[1].end(), kNone);
      std::fill(between_.begin(), between_.end(), kNone);
    }
    return std::move(mesh_);
  }

 private:
  using Lattice = std::array<int, 3>;

  /// Value above the threshold at a sample.
  double height(const Lattice& sample) const {
    for (const int i : sample)
      if (i < 1 || i > grid_.n) return outside_ - options_.threshold;
    return double(grid_.at(sample[0] - 1, sample[1] - 1, sample[2] - 1)) - options_.threshold;
  }

  static Lattice corner_of(const Lattice& cell, int corner) {
    return {cell[0] + (corner & 1), cell[1] + (corner >> 1 & 1), cell[2] + (corner >> 2 & 1)};
  }

  void cell(const Lattice& place) {
    std::array<double, 8> heights;
    unsigned occupied = 0;
    for (int c = 0; c < 8; ++c) {
      heights[std::size_t(c)] = height(corner_of(place, c));
      occupied |= unsigned(heights[std::size_t(c)] >= 0) << c;
    }
    if (occupied == 0 || occupied == 255) return;
    const unsigned ambiguous = ambiguous_faces(occupied);
    unsigned joined = 0;
    for (int face = 0; face < 6; ++face)
      if ((ambiguous >> face & 1) != 0 && saddle_occupied(face, heights)) joined |= 1u << face;
    for (const std::vector<int>& polygon : cube_polygons(occupied, joined))
      triangulate(place, polygon, heights);
  }

  static bool saddle_occupied(int face, const std::array<double, 8>& heights) {
    const std::array<int, 4>& c = face_corners(face);
    const auto h = [&](int k) { return heights[std::size_t(c[std::size_t(k)])]; };
    const double even = h(0) * h(2), odd = h(1) * h(3);
    return h(0) >= 0 ? even > odd : odd > even;
  }

  void triangulate(const Lattice& place, const std::vector<int>& polygon,
                   const std::array<double, 8>& heights) {
    std::vector<std::uint32_t> ring;
    for (const int edge : polygon) ring.push_back(vertex(place, edge, heights));
    const std::size_t n = ring.size();
    std::size_t from = n;
    double best = std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < n; ++k) {
      if (!fan_stays_inside(polygon, k)) continue;
      double total = 0;
      for (std::size_t i = 2; i + 1 < n; ++i)
        total += length(mesh_.vertices[ring[k]] - mesh_.vertices[ring[(k + i) % n]]);
      if (total < best) {
        best = total;
        from = k;
      }
    }
    if (from < n) {
      for (std::size_t i = 1; i + 1 < n; ++i)
        mesh_.triangles.push_back({ring[from], ring[(from + i) % n], ring[(from + i + 1) % n]});
      return;
    }
    Vec3 middle{0, 0, 0};
    for (const std::uint32_t v : ring) middle = middle + 1.0 / double(n) * mesh_.vertices[v];
    const std::uint32_t centre = add_vertex(middle);
    for (std::size_t i = 0; i < n; ++i)
      mesh_.triangles.push_back({centre, ring[i], ring[(i + 1) % n]});
  }

  std::uint32_t add_vertex(const Vec3& place) {
    check(mesh_.vertices.size() < kNone - 1,
          "[marching_cubes] too many vertices for 32-bit indices: use a smaller grid");
    mesh_.vertices.push_back(place);
    return std::uint32_t(mesh_.vertices.size() - 1);
  }

  std::uint32_t vertex(const Lattice& place, int edge_number,
                       const std::array<double, 8>& heights) {
    const CubeEdge& edge = cube_edges()[std::size_t(edge_number)];
    const Lattice low = corner_of(place, edge.low);
    const std::size_t at = std::size_t(low[1]) * side_ + std::size_t(low[2]);
    std::uint32_t& known = edge.axis == 0
                               ? between_[at]
                               : in_layer_[low[0] - place[0]][2 * at + std::size_t(edge.axis - 1)];
    if (known != kNone) return known;
    const double from = heights[std::size_t(edge.low)], to = heights[std::size_t(edge.high)];
    const double share = std::clamp(from / (from - to), options_.margin, 1 - options_.margin);
    Vec3 point;
    for (int axis = 0; axis < 3; ++axis) {
      const double voxel = low[axis] - 0.5 + (axis == edge.axis ? share : 0);
      point[axis] = grid_.translate[axis] + grid_.scale * voxel / grid_.n;
    }
    return known = add_vertex(point);
  }

  const VoxelGrid& grid_;
  const MarchingCubesOptions& options_;
  std::size_t side_;
  double outside_;
  // Vertices on lattice edges, by y and z of their low end: along y and z in the two layers of
  // samples of the cells at hand, along x between them.
  std::array<std::vector<std::uint32_t>, 2> in_layer_;
  std::vector<std::uint32_t> between_;
  Mesh mesh_;
};

}  // namespace

Mesh marching_cubes(const VoxelGrid& grid, const MarchingCubesOptions& options) {
  check(options.margin > 0 && options.margin < 0.5, "[marching_cubes] margin ", options.margin,
        " is not between 0 and 0.5");
  check(grid.n >= 1, "[marching_cubes] the grid has no voxels");
  return MarchingCubes(grid, options).mesh();
}

}  // namespace voxgrad
