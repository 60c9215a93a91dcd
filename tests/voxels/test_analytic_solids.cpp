// Voxels of solids whose occupancy is known exactly: a formula says which centres are inside, and
// the mesh is made beside it, in the ways in which artists leave such meshes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "tests/support/shapes.h"
#include "tests/voxels/grids.h"
#include "voxels/voxelize/voxelize.h"

using namespace voxgrad;
using testing::box;
using testing::flipped;
using testing::joined;
using testing::moved;

namespace {

constexpr double pi = std::numbers::pi;
constexpr int n = 32;

struct Solid {
  std::string name;
  Mesh mesh;
  std::function<bool(const Vec3&)> inside;
};

// A surface of revolution about y: the outline (radius, height) runs round the solid's section.
Mesh lathe(const std::vector<std::array<double, 2>>& outline, bool closed, int sectors = 96) {
  Mesh mesh;
  const auto rows = std::uint32_t(outline.size());
  for (const auto& [radius, height] : outline) {
    for (int s = 0; s < sectors; ++s) {
      const double angle = 2 * pi * s / sectors;
      mesh.vertices.push_back({radius * std::cos(angle), height, radius * std::sin(angle)});
    }
  }
  for (std::uint32_t row = 0; row < rows - (closed ? 0 : 1); ++row) {
    for (int s = 0; s < sectors; ++s) {
      const auto at = [&](std::uint32_t r, int sector) {
        return r % rows * std::uint32_t(sectors) + std::uint32_t(sector % sectors);
      };
      const std::uint32_t a = at(row, s), b = at(row, s + 1), c = at(row + 1, s + 1),
                          d = at(row + 1, s);
      if (outline[row][0] > 0) mesh.triangles.push_back({a, b, c});
      if (outline[(row + 1) % rows][0] > 0) mesh.triangles.push_back({a, c, d});
    }
  }
  return mesh;
}

// A tube of radius r along a closed curve.
Mesh tube(const std::function<Vec3(double)>& curve, double r, int segments, int sectors) {
  Mesh mesh;
  const auto minus = [](const Vec3& a, const Vec3& b) {
    return Vec3{a[0] - b[0], a[1] - b[1], a[2] - b[2]};
  };
  const auto unit = [](const Vec3& a) {
    const double norm = std::sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
    return Vec3{a[0] / norm, a[1] / norm, a[2] / norm};
  };
  const auto crossed = [](const Vec3& a, const Vec3& b) {
    return Vec3{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
  };
  for (int i = 0; i < segments; ++i) {
    const double t = 2 * pi * i / segments;
    const Vec3 centre = curve(t), along = unit(minus(curve(t + 1e-5), curve(t - 1e-5)));
    const Vec3 first = unit(crossed(along, unit(Vec3{0.3, 1, 0.2}))),
               second = crossed(along, first);
    for (int s = 0; s < sectors; ++s) {
      const double angle = 2 * pi * s / sectors, c = r * std::cos(angle), d = r * std::sin(angle);
      mesh.vertices.push_back({centre[0] + c * first[0] + d * second[0],
                               centre[1] + c * first[1] + d * second[1],
                               centre[2] + c * first[2] + d * second[2]});
    }
  }
  for (int i = 0; i < segments; ++i) {
    for (int s = 0; s < sectors; ++s) {
      const auto at = [&](int segment, int sector) {
        return std::uint32_t(segment % segments * sectors + sector % sectors);
      };
      mesh.triangles.push_back({at(i, s), at(i, s + 1), at(i + 1, s + 1)});
      mesh.triangles.push_back({at(i, s), at(i + 1, s + 1), at(i + 1, s)});
    }
  }
  return mesh;
}

Vec3 knot(double t) {
  return {std::sin(t) + 2 * std::sin(2 * t), std::cos(t) - 2 * std::cos(2 * t), -std::sin(3 * t)};
}

double distance_to_knot(const Vec3& p) {
  double best = 1e9;
  for (int i = 0; i < 2000; ++i) {
    const Vec3 q = knot(2 * pi * i / 2000);
    best = std::min(best, std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]));
  }
  return best;
}

bool in_box(const Vec3& p, const Vec3& low, const Vec3& high) {
  for (int axis = 0; axis < 3; ++axis) {
    if (p[axis] < low[axis] || p[axis] > high[axis]) return false;
  }
  return true;
}

// A union of boxes, as the mesh and as the formula.
Solid boxes(const std::string& name, const std::vector<std::array<Vec3, 2>>& parts) {
  Mesh mesh;
  for (const auto& [low, high] : parts) mesh = joined(mesh, box(low, high));
  return {name, mesh, [parts](const Vec3& p) {
            return std::any_of(parts.begin(), parts.end(),
                               [&](const auto& part) { return in_box(p, part[0], part[1]); });
          }};
}

// The section of a vessel of outer radius R, height 2, walls w, and a neck of outer radius r from
// height 1.4 on. Section: r(y).
Solid vessel(const std::string& name, double radius, double neck, double wall) {
  const auto outer = [=](double y) { return y < 1.4 ? radius : neck; };
  const auto inside = [=](const Vec3& p) {
    const double r = std::hypot(p[0], p[2]), y = p[1];
    if (y < 0 || y > 2 || r > outer(y)) return false;
    const bool hollow = y > wall && r < outer(y) - wall && (y < 1.4 - wall || r < neck - wall);
    return !hollow;
  };
  return {name,
          lathe({{0, 0},
                 {radius, 0},
                 {radius, 1.4},
                 {neck, 1.4},
                 {neck, 2},
                 {neck - wall, 2},
                 {neck - wall, 1.4 - wall},
                 {radius - wall, 1.4 - wall},
                 {radius - wall, wall},
                 {0, wall}},
                false),
          inside};
}

std::vector<Solid> solids() {
  std::vector<Solid> all;
  all.push_back({"ball", testing::sphere(1, 96),
                 [](const Vec3& p) { return std::hypot(p[0], p[1], p[2]) <= 1; }});
  all.push_back(
      {"torus",
       tube(
           [](double t) {
             return Vec3{std::cos(t), 0, std::sin(t)};
           },
           0.35, 128, 64),
       [](const Vec3& p) { return std::hypot(std::hypot(p[0], p[2]) - 1, p[1]) <= 0.35; }});
  all.push_back(
      {"knot", tube(knot, 0.6, 400, 48), [](const Vec3& p) { return distance_to_knot(p) <= 0.6; }});
  all.push_back(vessel("jar", 0.83, 0.52, 0.13));
  all.push_back(vessel("bottle", 0.6, 0.26, 0.11));
  Solid shut = vessel("closed jar", 0.83, 0.52, 0.13);
  shut.mesh = joined(shut.mesh, lathe({{0, 1.9}, {0.52, 1.9}, {0.52, 2}, {0, 2}}, false));
  shut.inside = [](const Vec3& p) {  // what is sealed is solid
    return p[1] >= 0 && p[1] <= 2 && std::hypot(p[0], p[2]) <= (p[1] < 1.4 ? 0.83 : 0.52);
  };
  all.push_back(shut);
  std::vector<std::array<Vec3, 2>> bars{{{{0, 0, 0}, {8, 0.7, 8}}}, {{{0, 7.3, 0}, {8, 8, 8}}}};
  for (double at = 0; at < 7.5; at += 1.82) {
    for (const double side : {0.0, 7.28}) {
      bars.push_back({{{at, 0, side}, {at + 0.72, 8, side + 0.72}}});
      bars.push_back({{{side, 0, at}, {side + 0.72, 8, at + 0.72}}});
    }
  }
  all.push_back(boxes("cage", bars));
  // Walls of 0.6; a window of 1.5 by 1.5 in one of them.
  all.push_back(boxes("room", {{{{0, 0, 0}, {9, 0.6, 7}}},
                               {{{0, 5, 0}, {9, 5.6, 7}}},
                               {{{0, 0, 0}, {0.6, 5.6, 7}}},
                               {{{8.4, 0, 0}, {9, 5.6, 7}}},
                               {{{0, 0, 0}, {9, 5.6, 0.6}}},
                               {{{0, 0, 6.4}, {3, 5.6, 7}}},
                               {{{4.5, 0, 6.4}, {9, 5.6, 7}}},
                               {{{3, 0, 6.4}, {4.5, 2, 7}}},
                               {{{3, 3.5, 6.4}, {4.5, 5.6, 7}}}}));
  // Two doors with a gap of a voxel between them, and a shelf.
  all.push_back(boxes("cabinet", {{{{0, 0, 0}, {0.4, 8, 4}}},
                                  {{{5.6, 0, 0}, {6, 8, 4}}},
                                  {{{0, 0, 0}, {6, 0.4, 4}}},
                                  {{{0, 7.6, 0}, {6, 8, 4}}},
                                  {{{0, 0, 0}, {6, 8, 0.4}}},
                                  {{{0, 3.8, 0}, {6, 4.2, 3.6}}},
                                  {{{0, 0, 3.6}, {2.85, 8, 4}}},
                                  {{{3.15, 0, 3.6}, {6, 8, 4}}}}));
  return all;
}

double iou_with_formula(const Solid& solid, const Mesh& mesh, const Vec3& offset) {
  const VoxelGrid grid = voxelize(mesh, n);
  VoxelGrid truth(n);
  for (int x = 0; x < n; ++x) {
    for (int y = 0; y < n; ++y) {
      for (int z = 0; z < n; ++z) {
        Vec3 p{double(x), double(y), double(z)};
        for (int axis = 0; axis < 3; ++axis) {
          p[axis] = grid.translate[axis] - offset[axis] + grid.scale * (p[axis] + 0.5) / n;
        }
        truth.at(x, y, z) = solid.inside(p) ? 1 : 0;
      }
    }
  }
  return intersection_over_union(grid, truth, 0.5);
}

// Each triangle on vertices of its own, drawn together by a share of its size: a skin full of
// cracks.
Mesh cracked(const Mesh& mesh, double share) {
  Mesh result;
  for (const auto& triangle : mesh.triangles) {
    Vec3 middle{};
    for (const std::uint32_t corner : triangle) {
      for (int axis = 0; axis < 3; ++axis) middle[axis] += mesh.vertices[corner][axis] / 3;
    }
    const auto base = std::uint32_t(result.vertices.size());
    for (const std::uint32_t corner : triangle) {
      Vec3 v = mesh.vertices[corner];
      for (int axis = 0; axis < 3; ++axis) v[axis] += share * (middle[axis] - v[axis]);
      result.vertices.push_back(v);
    }
    result.triangles.push_back({base, base + 1, base + 2});
  }
  return result;
}

Mesh scaled(Mesh mesh, double factor) {
  const Mesh::Bounds bounds = mesh.bounds();
  for (Vec3& v : mesh.vertices) {
    for (int axis = 0; axis < 3; ++axis) {
      const double middle = (bounds.low[axis] + bounds.high[axis]) / 2;
      v[axis] = middle + factor * (v[axis] - middle);
    }
  }
  return mesh;
}

Mesh half_reversed(Mesh mesh) {
  for (std::size_t i = 0; i < mesh.triangles.size(); i += 2) {
    std::swap(mesh.triangles[i][0], mesh.triangles[i][1]);
  }
  return mesh;
}

}  // namespace

TEST_CASE("analytic solids are voxelised exactly, however the skin was modelled") {
  for (const Solid& solid : solids()) {
    CAPTURE(solid.name);
    const Mesh& mesh = solid.mesh;
    const auto check_as = [&](const std::string& modelled, const Mesh& skin,
                              const Vec3& offset = {}) {
      CAPTURE(modelled);
      const double iou = iou_with_formula(solid, skin, offset);
      CHECK(iou >= 0.98);
    };
    check_as("as it is", mesh);
    check_as("inside out", flipped(mesh));
    check_as("half of the triangles reversed", half_reversed(mesh));
    check_as("doubled", joined(mesh, flipped(mesh)));
    check_as("doubled by a skin just inside", joined(mesh, flipped(scaled(mesh, 0.999))));
    check_as("cracked", cracked(mesh, 0.01));
    const Vec3 far{431234.5, -58, 4581234.25};
    check_as("far away", moved(mesh, far), far);
  }
}
