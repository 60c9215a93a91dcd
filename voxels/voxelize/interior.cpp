#include "voxels/voxelize/interior.h"

#include <cmath>

#include "voxels/voxelize/fine_lattice.h"

namespace voxgrad {
namespace {

// What is known of a cell.
constexpr std::uint8_t surface = 1;                // a triangle touches it
constexpr std::uint8_t outside = 2, enclosed = 4;  // its centre is
// A triangle cuts the line from its centre to that of the next cell along this axis.
constexpr std::uint8_t cut_behind(int axis) {
  return std::uint8_t(8 << axis);
}

class Flood {
 public:
  explicit Flood(const FineLattice& lattice) : lattice_(lattice), cells_(lattice.cell_count(), 0) {
    shut_border();
  }

  std::vector<std::uint8_t>& cells() { return cells_; }

  void find_cuts(const RayScene& scene) {
    for (int axis = 0; axis < 3; ++axis) {
      const std::vector<std::uint8_t> worthwhile = lines_with_surface(axis);
#pragma omp parallel
      {
        std::vector<RayScene::Crossing> found;
#pragma omp for schedule(dynamic, 64)
        for (int line = 0; line < int(worthwhile.size()); ++line) {
          if (worthwhile[line]) cut_line(axis, line, scene, found);
        }
      }
    }
  }

  /// Cells without surface: outside if a path through such cells leads to the margin, else
  /// enclosed. Openings narrower than a cell are shut.
  void fill_open_space() {
    std::vector<std::size_t> front{lattice_.index(1, 1, 1)};
    cells_[front[0]] |= outside;
    while (!front.empty()) {
      const std::size_t cell = front.back();
      front.pop_back();
      for (const std::size_t stride : strides_) {
        for (const std::size_t other : {cell - stride, cell + stride}) {
          if (cells_[other] & (surface | outside)) continue;
          cells_[other] |= outside;
          front.push_back(other);
        }
      }
    }
    for (std::uint8_t& cell : cells_) {
      if ((cell & (surface | outside)) == 0) cell |= enclosed;
    }
  }

  /// Cells with surface belong to the nearest cell without that a path of uncut lines leads to.
  /// What no such path leads to is between surfaces. A gap in a skin counts as shut: what is
  /// enclosed spreads first.
  void fill_surface() {
    std::vector<std::size_t> open;  // cells with surface that have no label yet
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
      if (cells_[cell] & surface) open.push_back(cell);
    }
    std::vector<std::size_t> front, next;
    for (const std::uint8_t label : {enclosed, outside}) {
      std::erase_if(open, [&](std::size_t cell) {
        if (!reached_from(cell, label)) return false;
        next.push_back(cell);
        return true;
      });
      for (const std::size_t cell : next) cells_[cell] |= label;
      front.insert(front.end(), next.begin(), next.end());
      next.clear();
    }
    while (!front.empty()) {
      for (const std::uint8_t label : {enclosed, outside}) {
        for (const std::size_t cell : front) {
          if (cells_[cell] & label) spread(cell, label, next);
        }
      }
      front.swap(next);
      next.clear();
    }
  }

  bool is_outside(std::size_t cell) const {
    return (cells_[cell] & outside) != 0;
  }

 private:
  // Lines along an axis, by u * side + v, that surface touches.
  std::vector<std::uint8_t> lines_with_surface(int axis) const {
    const int side = lattice_.side();
    const std::size_t u = lattice_.stride((axis + 1) % 3), v = lattice_.stride((axis + 2) % 3);
    std::vector<std::uint8_t> lines(std::size_t(side) * side, 0);
#pragma omp parallel for
    for (int i = 0; i < side; ++i) {
      for (int k = 0; k < side; ++k) {
        for (int j = 0; j < side; ++j) {
          lines[std::size_t(i) * side + j] |=
              cells_[i * u + j * v + k * lattice_.stride(axis)] & surface;
        }
      }
    }
    return lines;
  }

  void cut_line(int axis, int line, const RayScene& scene, std::vector<RayScene::Crossing>& found) {
    const int u = (axis + 1) % 3, v = (axis + 2) % 3;
    const int i = line / lattice_.side(), j = line % lattice_.side();
    Vec3f origin, direction{};
    origin[axis] = -1;
    origin[u] = float(lattice_.to_voxels(i + 0.5, u));
    origin[v] = float(lattice_.to_voxels(j + 0.5, v));
    direction[axis] = 1;
    scene.crossings(origin, direction, found);
    const std::size_t base = i * lattice_.stride(u) + j * lattice_.stride(v);
    for (const RayScene::Crossing& crossing : found) {
      const double place = lattice_.to_cells(double(crossing.distance) - 1, axis);
      const int cell = int(std::floor(place - 0.5));
      if (cell < 0 || cell >= lattice_.side()) continue;
      cells_[base + cell * lattice_.stride(axis)] |= cut_behind(axis);
    }
  }

  // Walks never leave the lattice: its outermost cells count as visited.
  void shut_border() {
    const int last = lattice_.side() - 1;
    for (int i = 0; i <= last; ++i) {
      for (int j = 0; j <= last; ++j) {
        for (const int k : {0, last}) {
          cells_[lattice_.index(i, j, k)] = cells_[lattice_.index(i, k, j)] =
              cells_[lattice_.index(k, i, j)] = outside;
        }
      }
    }
  }

  // visit(neighbour) for those to which the line is not cut.
  template <class Visit>
  void for_each_uncut(std::size_t cell, Visit visit) const {
    for (int axis = 0; axis < 3; ++axis) {
      const std::size_t before = cell - strides_[axis];
      if ((cells_[before] & cut_behind(axis)) == 0) visit(before);
      if ((cells_[cell] & cut_behind(axis)) == 0) visit(cell + strides_[axis]);
    }
  }

  // Is a cell without surface and with this label a neighbour?
  bool reached_from(std::size_t cell, std::uint8_t label) const {
    bool reached = false;
    for_each_uncut(cell, [&](std::size_t other) {
      reached = reached || (cells_[other] & (surface | label)) == label;
    });
    return reached;
  }

  void spread(std::size_t cell, std::uint8_t label, std::vector<std::size_t>& next) {
    for_each_uncut(cell, [&](std::size_t other) {
      if (cells_[other] & (outside | enclosed)) return;
      cells_[other] |= label;
      next.push_back(other);
    });
  }

  const FineLattice& lattice_;
  const std::array<std::size_t, 3> strides_{lattice_.stride(0), lattice_.stride(1),
                                            lattice_.stride(2)};
  std::vector<std::uint8_t> cells_;
};

}  // namespace

std::vector<std::uint8_t> interior_voxels(
    const std::vector<Vec3f>& vertices, const std::vector<std::array<std::uint32_t, 3>>& triangles,
    const RayScene& scene, int n) {
  const FineLattice lattice(n);
  Flood flood(lattice);
  mark_surface(lattice, vertices, triangles, surface, flood.cells());
  flood.find_cuts(scene);
  flood.fill_open_space();
  flood.fill_surface();
  std::vector<std::uint8_t> inside(std::size_t(n) * n * n);
#pragma omp parallel for
  for (int x = 0; x < n; ++x) {
    std::size_t index = std::size_t(x) * n * n;
    for (int y = 0; y < n; ++y) {
      for (int z = 0; z < n; ++z, ++index) {
        inside[index] = !flood.is_outside(lattice.index(
            lattice.middle_of_voxel(x), lattice.middle_of_voxel(y), lattice.middle_of_voxel(z)));
      }
    }
  }
  return inside;
}

}  // namespace voxgrad
