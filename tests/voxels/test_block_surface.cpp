#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tests/voxels/grids.h"
#include "voxels/surface/block_surface.h"
#include "voxels/surface/components.h"
#include "voxels/surface/mesh_report.h"

using namespace voxgrad;
using testing::random_grid;

namespace {

/// Each directed edge must occur once, and its opposite once.
void check_closed(const Mesh& mesh) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, int> edges;
  for (const auto& t : mesh.triangles) {
    for (int k = 0; k < 3; ++k) ++edges[{t[k], t[(k + 1) % 3]}];
  }
  int bad = 0;
  for (const auto& [edge, uses] : edges) {
    const auto opposite = edges.find({edge.second, edge.first});
    bad += uses != 1 || opposite == edges.end() || opposite->second != 1;
  }
  CHECK(bad == 0);
}

/// The triangles around a vertex must form one ring: following them from any one visits all.
void check_one_ring_a_vertex(const Mesh& mesh) {
  std::vector<std::map<std::uint32_t, std::uint32_t>> links(mesh.vertices.size());
  for (const auto& t : mesh.triangles) {
    for (int k = 0; k < 3; ++k) links[t[k]][t[(k + 1) % 3]] = t[(k + 2) % 3];
  }
  int bad = 0;
  for (const auto& link : links) {
    if (link.empty()) {
      ++bad;  // a vertex without triangles
      continue;
    }
    std::size_t steps = 0;
    std::uint32_t at = link.begin()->first;
    do {
      at = link.at(at);
      ++steps;
    } while (at != link.begin()->first && steps <= link.size());
    bad += steps != link.size();
  }
  CHECK(bad == 0);
}

Vec3 minus(const Vec3& a, const Vec3& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}
Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
double dot(const Vec3& a, const Vec3& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

struct Measures {
  double volume = 0, area = 0, smallest_triangle = 1e300;
};

Measures measure(const Mesh& mesh) {
  Measures result;
  for (const auto& t : mesh.triangles) {
    const Vec3 &a = mesh.vertices[t[0]], &b = mesh.vertices[t[1]], &c = mesh.vertices[t[2]];
    const Vec3 normal = cross(minus(b, a), minus(c, a));
    const double area = std::sqrt(dot(normal, normal)) / 2;
    result.volume += dot(a, cross(b, c)) / 6;
    result.area += area;
    result.smallest_triangle = std::min(result.smallest_triangle, area);
  }
  return result;
}

std::int64_t exposed_faces(const VoxelGrid& grid) {
  const auto occupied = [&](int x, int y, int z) {
    return std::min({x, y, z}) >= 0 && std::max({x, y, z}) < grid.n && grid.at(x, y, z) >= 0.5f;
  };
  std::int64_t count = 0;
  for (int x = -1; x < grid.n; ++x) {
    for (int y = -1; y < grid.n; ++y) {
      for (int z = -1; z < grid.n; ++z) {
        const bool here = occupied(x, y, z);
        count += (here != occupied(x + 1, y, z)) + (here != occupied(x, y + 1, z)) +
                 (here != occupied(x, y, z + 1));
      }
    }
  }
  return count;
}

std::int64_t euler_characteristic(const Mesh& mesh) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> edges;
  for (const auto& t : mesh.triangles) {
    for (int k = 0; k < 3; ++k) edges.insert(std::minmax({t[k], t[(k + 1) % 3]}));
  }
  return std::int64_t(mesh.vertices.size()) - std::int64_t(edges.size()) +
         std::int64_t(mesh.triangles.size());
}

/// Whether voxels touch along an edge or at a corner without a common neighbour there that joins
/// them: then some vertex is doubled.
bool has_contacts(const VoxelGrid& grid) {
  for (const Vec3& v : block_surface(grid).vertices) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double place = (v[axis] - grid.translate[axis]) / grid.scale * grid.n;
      if (std::abs(place - std::round(place)) > 1e-6) return true;
    }
  }
  return false;
}

void check_surface(const VoxelGrid& grid) {
  const Mesh mesh = block_surface(grid);
  check_closed(mesh);
  check_one_ring_a_vertex(mesh);
  const MeshReport merged = report_on(mesh, {.thickness = false});
  CHECK(merged.sound());
  const double cell = grid.scale / grid.n;
  const Measures measures = measure(mesh);
  const double volume = double(grid.count()) * cell * cell * cell;
  const double area = double(exposed_faces(grid)) * cell * cell;
  // What only touches is moved apart: that changes a little of the volume and area.
  const bool touches = has_contacts(grid);
  CHECK(measures.volume == doctest::Approx(volume).epsilon(touches ? 0.1 : 1e-9).scale(0));
  CHECK(measures.area == doctest::Approx(area).epsilon(touches ? 0.1 : 1e-9).scale(0));
  // A square with extra vertices is cut into triangles of an eighth of it and more.
  CHECK(measures.smallest_triangle > (touches ? 0.1 : 0.124) * cell * cell);
}

}  // namespace

TEST_CASE("one voxel gives a cube in world coordinates") {
  VoxelGrid grid(4);
  grid.translate = {10, 20, 30};
  grid.scale = 8;
  grid.at(1, 2, 3) = 1;
  const Mesh mesh = block_surface(grid);
  CHECK(mesh.vertices.size() == 8);
  CHECK(mesh.triangles.size() == 12);
  CHECK(mesh.bounds().low == Vec3{12, 24, 36});
  CHECK(mesh.bounds().high == Vec3{14, 26, 38});
  CHECK(euler_characteristic(mesh) == 2);
  check_surface(grid);
}

TEST_CASE("a surface of probabilities uses the threshold, and an empty grid gives an empty mesh") {
  VoxelGrid grid(2);
  grid.at(0, 0, 0) = 0.3f;
  CHECK(block_surface(grid, 0.4).triangles.empty());
  CHECK(block_surface(grid, 0.4).vertices.empty());
  CHECK(block_surface(grid, 0.3f).triangles.size() == 12);
}

TEST_CASE("voxels that touch along an edge or at a corner stay separate") {
  VoxelGrid edge(2);
  edge.at(0, 0, 0) = edge.at(1, 1, 0) = 1;
  CHECK(block_surface(edge).vertices.size() == 16);
  CHECK(euler_characteristic(block_surface(edge)) == 4);
  check_surface(edge);
  VoxelGrid corner(2);
  corner.at(0, 0, 0) = corner.at(1, 1, 1) = 1;
  CHECK(block_surface(corner).vertices.size() == 16);
  check_surface(corner);
}

TEST_CASE("a ring has the Euler characteristic of a torus") {
  VoxelGrid grid(3);
  for (int x = 0; x < 3; ++x) {
    for (int z = 0; z < 3; ++z) grid.at(x, 1, z) = x != 1 || z != 1;
  }
  CHECK(euler_characteristic(block_surface(grid)) == 0);
  check_surface(grid);
}

TEST_CASE("voxels that touch along an edge and are joined around both its ends") {
  VoxelGrid grid(3);
  for (int x = 0; x < 2; ++x) {
    for (int y = 0; y < 2; ++y) {
      for (int z = 0; z < 3; ++z) grid.at(x, y, z) = z != 1 || x == y;
    }
  }
  check_surface(grid);
}

TEST_CASE("random grids of every density give closed surfaces") {
  for (int seed = 0; seed < 60; ++seed) {
    VoxelGrid grid = random_grid(2 + seed % 7, 0.1 + 0.15 * (seed % 6), std::uint64_t(seed));
    grid.translate = {-0.3, 0.7, 0.1};
    grid.scale = 1.7;
    CAPTURE(seed);
    check_surface(grid);
  }
}

TEST_CASE("every pattern of eight voxels around a point is manifold once vertices are merged") {
  for (unsigned pattern = 0; pattern < 256; ++pattern) {
    VoxelGrid grid(2);
    for (unsigned c = 0; c < 8; ++c) grid.at(c & 1, c >> 1 & 1, c >> 2 & 1) = pattern >> c & 1;
    CAPTURE(pattern);
    const MeshReport report = report_on(block_surface(grid), {.thickness = false});
    CHECK(report.sound() == (pattern != 0));
    CHECK(report.components + report.cavities == std::int64_t(component_sizes(grid, 0.5).size()));
  }
}

TEST_CASE("voxels that touch are apart by less than a tenth of a voxel") {
  VoxelGrid grid(2);
  grid.at(0, 0, 0) = grid.at(1, 1, 0) = 1;
  const Mesh mesh = block_surface(grid);
  std::set<Vec3> places(mesh.vertices.begin(), mesh.vertices.end());
  CHECK(places.size() == mesh.vertices.size());
  for (const Vec3& v : mesh.vertices)
    for (const double x : v) CHECK(std::abs(2 * x - std::round(2 * x)) < 0.041);
}
