// Smooth surfaces, and what every surface must be: a closed manifold even for readers that merge
// vertices of one position.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/voxels/grids.h"
#include "voxels/surface/block_surface.h"
#include "voxels/surface/components.h"
#include "voxels/surface/cube_polygons.h"
#include "voxels/surface/decimation.h"
#include "voxels/surface/marching_cubes.h"
#include "voxels/surface/mesh_report.h"
#include "voxels/surface/smoothing.h"
#include "voxels/surface/surface.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

constexpr MeshReportOptions kEdgesOnly{.thickness = false};

VoxelGrid random_probabilities(int n, std::uint64_t seed) {
  VoxelGrid grid(n);
  Rng rng(seed);
  for (float& value : grid.values) value = float(rng.uniform());
  return grid;
}

/// 1 inside a ball around the grid's middle, falling to 0 over two voxels at its surface.
VoxelGrid ball(int n, double radius) {
  VoxelGrid grid(n);
  for (int x = 0; x < n; ++x)
    for (int y = 0; y < n; ++y)
      for (int z = 0; z < n; ++z) {
        const double distance = std::hypot(x + 0.5 - n / 2.0, y + 0.5 - n / 2.0, z + 0.5 - n / 2.0);
        grid.at(x, y, z) = float(std::clamp(0.5 + (radius - distance) / 2, 0.0, 1.0));
      }
  return grid;
}

VoxelGrid checkerboard(int n, int what) {
  VoxelGrid grid(n);
  for (int x = 0; x < n; ++x)
    for (int y = 0; y < n; ++y)
      for (int z = 0; z < n; ++z) {
        const int odd = (x & 1) + (y & 1) + (z & 1);
        grid.at(x, y, z) = what == 0   ? float(odd % 2)
                           : what == 1 ? float(odd == 1)
                           : what == 2 ? float(odd != 3)
                                       : float((x & 1) == (y & 1));
      }
  return grid;
}

void check_sound(const Mesh& mesh) {
  const MeshReport report = report_on(mesh, kEdgesOnly);
  CHECK(report.boundary_edges == 0);
  CHECK(report.nonmanifold_edges == 0);
  CHECK(report.flipped_edges == 0);
  CHECK(report.degenerate_triangles == 0);
  CHECK(report.vertices == std::int64_t(mesh.vertices.size()));
}

}  // namespace

TEST_CASE("cells of marching cubes: a case and its mirror image have as many polygons") {
  for (unsigned occupied = 0; occupied < 256; ++occupied) {
    const unsigned ambiguous = ambiguous_faces(occupied);
    std::size_t crossed = 0;
    for (const CubeEdge& edge : cube_edges())
      crossed += (occupied >> edge.low & 1) != (occupied >> edge.high & 1);
    for (unsigned joined = 0; joined < 64; ++joined) {
      if ((joined & ~ambiguous) != 0) continue;
      std::vector<int> used;
      for (const auto& polygon : cube_polygons(occupied, joined)) {
        CHECK(polygon.size() >= 3);
        used.insert(used.end(), polygon.begin(), polygon.end());
      }
      CHECK(used.size() == crossed);  // each crossed edge in one polygon
      // Joining the occupied is separating the empty.
      CHECK(cube_polygons(occupied, joined).size() ==
            cube_polygons(255 - occupied, ambiguous & ~joined).size());
    }
  }
}

TEST_CASE("a smooth surface meets the threshold where interpolation does") {
  const double radius = 9.3;
  VoxelGrid grid = ball(32, radius);
  grid.translate = {1, 2, 3};
  grid.scale = 64;
  const Mesh mesh = marching_cubes(grid);
  check_sound(mesh);
  for (const Vec3& v : mesh.vertices)
    CHECK(std::hypot(v[0] - 33, v[1] - 34, v[2] - 35) ==
          doctest::Approx(2 * radius).epsilon(0.006).scale(0));
  const MeshReport report = report_on(mesh);
  CHECK(report.volume ==
        doctest::Approx(4.0 / 3 * M_PI * std::pow(2 * radius, 3)).epsilon(0.01).scale(0));
  CHECK(report.components == 1);
  CHECK(report.thinnest == doctest::Approx(4 * radius).epsilon(0.02).scale(0));
}

TEST_CASE("a full grid is closed at its border, half a voxel beyond the last centres") {
  VoxelGrid grid(3);
  for (float& value : grid.values) value = 1;
  const Mesh mesh = marching_cubes(grid);
  check_sound(mesh);
  CHECK(mesh.bounds().low == Vec3{0, 0, 0});
  CHECK(mesh.bounds().high[2] == doctest::Approx(1));
  check_sound(marching_cubes(VoxelGrid(2), {.threshold = 0}));
  CHECK(marching_cubes(VoxelGrid(2)).triangles.empty());
}

TEST_CASE("1,000 random volumes give closed manifolds, vertices merged, blocks and smooth") {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    CAPTURE(seed);
    const int n = 2 + int(seed % 9);
    const VoxelGrid values = seed % 3 == 0
                                 ? random_probabilities(n, seed)
                                 : random_grid(n, 0.05 + 0.9 * double(seed % 7) / 6, seed);
    const double threshold = seed % 2 == 0 ? 0.5 : 0.3;
    check_sound(block_surface(values, threshold));
    check_sound(marching_cubes(values, {.threshold = threshold}));
  }
}

TEST_CASE("checkerboards give closed manifolds") {
  for (int what = 0; what < 4; ++what)
    for (const int n : {2, 3, 8}) {
      CAPTURE(what);
      CAPTURE(n);
      const VoxelGrid grid = checkerboard(n, what);
      check_sound(block_surface(grid));
      check_sound(marching_cubes(grid));
      Mesh smoothed = marching_cubes(grid);
      smooth(smoothed);
      check_sound(smoothed);
    }
}

TEST_CASE("values at the threshold itself are occupied and give no vertices of one place") {
  VoxelGrid grid(4);
  Rng rng(5);
  for (float& value : grid.values) value = float(rng.below(3)) / 2;
  check_sound(marching_cubes(grid, {.threshold = 0.5}));
  check_sound(marching_cubes(grid, {.threshold = 1}));
}

TEST_CASE("the report finds what is wrong with a mesh") {
  VoxelGrid grid(1);
  grid.at(0, 0, 0) = 1;
  Mesh cube = block_surface(grid);
  MeshReport report = report_on(cube);
  CHECK(report.sound());
  CHECK(report.volume == doctest::Approx(1));
  CHECK(report.area == doctest::Approx(6));
  CHECK(report.thinnest == doctest::Approx(1));
  CHECK(report.size[1] == doctest::Approx(1));
  CHECK(problems_of(report, 0.9).empty());
  CHECK(problems_of(report, 1.1).size() == 1);

  Mesh open = cube;
  open.triangles.pop_back();
  CHECK(report_on(open).boundary_edges == 3);
  Mesh flipped = cube;
  std::swap(flipped.triangles[0][0], flipped.triangles[0][1]);
  CHECK(report_on(flipped).flipped_edges == 3);
  Mesh inside_out = cube;
  for (auto& t : inside_out.triangles) std::swap(t[0], t[1]);
  CHECK(report_on(inside_out).volume == doctest::Approx(-1));
  CHECK_FALSE(report_on(inside_out).sound());
  // Two cubes with a common edge and vertices of their own: four triangles at it once merged.
  Mesh two = cube;
  for (const Vec3& v : cube.vertices) two.vertices.push_back({v[0] + 1, v[1] + 1, v[2]});
  for (const auto& t : cube.triangles) two.triangles.push_back({t[0] + 8, t[1] + 8, t[2] + 8});
  CHECK(report_on(two).nonmanifold_edges == 1);
  Mesh degenerate = cube;
  degenerate.triangles.push_back({0, 0, 1});
  CHECK(report_on(degenerate).degenerate_triangles == 1);
  CHECK(problems_of(report_on(Mesh())).size() == 1);
  cube.triangles.push_back({0, 1, 99});
  CHECK(error_of([&] { report_on(cube); }).find("vertex 99") != std::string::npos);
}

TEST_CASE("a hollow part has a cavity, and its wall is its thinnest part") {
  VoxelGrid grid(5);
  for (float& value : grid.values) value = 1;
  grid.at(2, 2, 3) = 0;
  const MeshReport report = report_on(block_surface(grid));
  CHECK(report.components == 1);
  CHECK(report.cavities == 1);
  CHECK(report.thinnest == doctest::Approx(0.2));
}

TEST_CASE("smoothing keeps volume and place, and evens out steps") {
  VoxelGrid grid = ball(24, 8).thresholded(0.5);
  const Mesh rough = marching_cubes(grid);
  Mesh even = rough;
  smooth(even, {.steps = 20});
  check_sound(even);
  const MeshReport before = report_on(rough, kEdgesOnly), after = report_on(even, kEdgesOnly);
  CHECK(after.volume == doctest::Approx(before.volume).epsilon(0.02).scale(0));
  CHECK(after.area < 0.97 * before.area);
  const auto spread = [](const Mesh& mesh) {
    double low = 1, high = 0;
    for (const Vec3& v : mesh.vertices) {
      const double radius = std::hypot(v[0] - 0.5, v[1] - 0.5, v[2] - 0.5);
      low = std::min(low, radius);
      high = std::max(high, radius);
    }
    return high - low;
  };
  CHECK(spread(even) < 0.7 * spread(rough));
}

TEST_CASE("decimation keeps the shape a closed manifold") {
  const Mesh mesh = marching_cubes(ball(32, 12));
  const DecimationResult fewer = decimated(mesh, 0.1);
  CHECK(fewer.reached);
  CHECK(fewer.mesh.triangles.size() < mesh.triangles.size() / 8);
  CHECK(report_on(fewer.mesh, kEdgesOnly).sound());
  CHECK(report_on(fewer.mesh, kEdgesOnly).volume ==
        doctest::Approx(report_on(mesh, kEdgesOnly).volume).epsilon(0.03).scale(0));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Mesh rough = block_surface(random_grid(7, 0.5, seed));
    CHECK(report_on(decimated(rough, 0.2).mesh, kEdgesOnly).sound());
  }
  CHECK(decimated(mesh, 1).mesh.triangles == mesh.triangles);
  CHECK_THROWS_AS(decimated(mesh, 0), Error);
}

TEST_CASE("the largest parts are kept, and touching parts are separate") {
  VoxelGrid grid(6);
  for (int x = 0; x < 4; ++x) grid.at(x, 0, 0) = 0.9f;
  grid.at(4, 1, 0) = grid.at(4, 1, 1) = 0.8f;  // touches the bar along an edge
  grid.at(0, 5, 5) = 0.7f;
  CHECK(component_sizes(grid, 0.5) == std::vector<std::int64_t>{4, 2, 1});
  CHECK(keep_largest_components(grid, 0.5, 1).count() == 4);
  CHECK(keep_largest_components(grid, 0.5, 2).count() == 6);
  CHECK(keep_largest_components(grid, 0.5, 9).values == grid.values);
  for (const SurfaceKind kind : {SurfaceKind::blocks, SurfaceKind::smooth}) {
    const Surface surface = make_surface(grid, {.kind = kind, .components = 1});
    CHECK(report_on(surface.mesh).components == 1);
  }
  CHECK_THROWS_AS(keep_largest_components(grid, 0.5, 0), Error);
}

TEST_CASE("meshes for printing are in millimetres, z up, on the plate") {
  VoxelGrid grid(4);
  for (int y = 0; y < 4; ++y) grid.at(1, y, 2) = 1;
  grid.at(1, 0, 3) = 1;  // a foot to the front
  const Mesh mesh = block_surface(grid);
  const Mesh stl = placed(mesh, placement_for("stl"));
  CHECK(stl.bounds().low[2] == doctest::Approx(0));
  CHECK(stl.bounds().high[2] == doctest::Approx(100));
  CHECK(stl.bounds().low[0] == doctest::Approx(-12.5));
  double front = 0;  // the foot, at the bottom, must point to -y
  for (const Vec3& v : stl.vertices)
    if (v[1] < front) front = v[1];
  CHECK(front == doctest::Approx(-25));
  for (const Vec3& v : stl.vertices)
    if (v[1] < -1) CHECK(v[2] < 26);
  CHECK(report_on(stl).volume > 0);  // turned, not mirrored
  CHECK(placed(mesh, placement_for("obj")).vertices == mesh.vertices);
  const Mesh glb = placed(mesh, placement_for("glb", 50.0, "z"));
  CHECK(glb.bounds().high[1] == doctest::Approx(0.05));
  CHECK_THROWS_AS(placement_for("stl", -1.0), ConfigError);
  CHECK_THROWS_AS(placement_for("stl", {}, "x"), ConfigError);
}
