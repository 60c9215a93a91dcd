#include "voxels/voxelize/fine_lattice.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace voxgrad {
namespace {

// A triangle's shadow on the plane of two axes, as three half planes, moved outwards so that a unit
// square whose low corner is in all of them touches the shadow.
class Shadow {
 public:
  Shadow(const std::array<Vec3d, 3>& corner, int u, int v, bool counter_clockwise) {
    const double sign = counter_clockwise ? 1 : -1;
    for (std::size_t i = 0; i < 3; ++i) {
      const Vec3d &a = corner[i], &b = corner[(i + 1) % 3];
      const double nu = -(b[v] - a[v]) * sign, nv = (b[u] - a[u]) * sign;
      planes_[i] = {nu, nv, -(nu * a[u] + nv * a[v]) + std::max(nu, 0.0) + std::max(nv, 0.0)};
    }
  }
  bool touches(double u, double v) const {
    for (const auto& [nu, nv, offset] : planes_) {
      if (nu * u + nv * v + offset < 0) return false;
    }
    return true;
  }

 private:
  std::array<std::array<double, 3>, 3> planes_;
};

struct Range {
  int low, high;
};

class SurfaceMarker {
 public:
  SurfaceMarker(const FineLattice& lattice, std::uint8_t flag, std::vector<std::uint8_t>& cells)
      : lattice_(lattice), flag_(flag), cells_(cells) {}

  void mark(const std::array<Vec3d, 3>& corner) {
    const Vec3d normal = cross(corner[1] - corner[0], corner[2] - corner[0]);
    int w = 0;  // the axis nearest to the normal
    for (int axis = 1; axis < 3; ++axis) {
      if (std::abs(normal[axis]) > std::abs(normal[w])) w = axis;
    }
    if (!(std::abs(normal[w]) > 0)) return;
    const int u = (w + 1) % 3, v = (w + 2) % 3;
    const std::array<Range, 3> box{range(corner, 0), range(corner, 1), range(corner, 2)};
    const Shadow uv(corner, u, v, normal[w] > 0), vw(corner, v, w, normal[u] > 0),
        wu(corner, w, u, normal[v] > 0);
    // Along w, over a unit square, the plane goes from `least` to `most` above its height at the
    // square's low corner.
    const double slope_u = -normal[u] / normal[w], slope_v = -normal[v] / normal[w];
    const double least = std::min(slope_u, 0.0) + std::min(slope_v, 0.0);
    const double most = std::max(slope_u, 0.0) + std::max(slope_v, 0.0);
    for (int i = box[u].low; i <= box[u].high; ++i) {
      for (int j = box[v].low; j <= box[v].high; ++j) {
        if (!uv.touches(i, j)) continue;
        const double height =
            corner[0][w] + slope_u * (i - corner[0][u]) + slope_v * (j - corner[0][v]);
        const int low = std::max(box[w].low, int(std::floor(height + least)));
        const int high = std::min(box[w].high, int(std::floor(height + most)));
        for (int k = low; k <= high; ++k) {
          if (!vw.touches(j, k) || !wu.touches(k, i)) continue;
          cells_[i * lattice_.stride(u) + j * lattice_.stride(v) + k * lattice_.stride(w)] |= flag_;
        }
      }
    }
  }

 private:
  Range range(const std::array<Vec3d, 3>& corner, int axis) const {
    const auto [low, high] = std::minmax({corner[0][axis], corner[1][axis], corner[2][axis]});
    const int last = lattice_.side() - 1;
    return {std::clamp(int(std::floor(low)), 0, last), std::clamp(int(std::floor(high)), 0, last)};
  }

  const FineLattice& lattice_;
  std::uint8_t flag_;
  std::vector<std::uint8_t>& cells_;
};

}  // namespace

void mark_surface(const FineLattice& lattice, const std::vector<Vec3f>& vertices,
                  const std::vector<std::array<std::uint32_t, 3>>& triangles, std::uint8_t flag,
                  std::vector<std::uint8_t>& cells) {
  SurfaceMarker marker(lattice, flag, cells);
  for (const auto& triangle : triangles) {
    std::array<Vec3d, 3> corner;
    for (std::size_t i = 0; i < 3; ++i) {
      for (int axis = 0; axis < 3; ++axis) {
        corner[i][axis] = lattice.to_cells(vertices[triangle[i]][axis], axis);
      }
    }
    marker.mark(corner);
  }
}

}  // namespace voxgrad
