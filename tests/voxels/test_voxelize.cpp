#include <doctest/doctest.h>
#include <omp.h>

#include <cmath>
#include <numbers>

#include "tests/support/shapes.h"
#include "tests/voxels/grids.h"
#include "voxels/voxelize/simple_point.h"
#include "voxels/voxelize/voxelize.h"

using namespace voxgrad;
using testing::box;
using testing::error_of;
using testing::flipped;
using testing::joined;
using testing::moved;
using testing::sphere;

namespace {

double iou(const VoxelGrid& a, const VoxelGrid& b) {
  return intersection_over_union(a, b, 0.5);
}

// Occupied voxels x0 <= x < x1 and so on.
VoxelGrid block(int n, int x0, int x1, int y0, int y1, int z0, int z1) {
  VoxelGrid grid(n);
  for (int x = x0; x < x1; ++x) {
    for (int y = y0; y < y1; ++y) {
      for (int z = z0; z < z1; ++z) grid.at(x, y, z) = 1;
    }
  }
  return grid;
}

// 26-connected parts of the occupied voxels.
int connected_parts(VoxelGrid grid) {
  int parts = 0;
  std::vector<std::array<int, 3>> front;
  const auto take = [&](int x, int y, int z) {
    if (x < 0 || y < 0 || z < 0 || x >= grid.n || y >= grid.n || z >= grid.n) return;
    if (grid.at(x, y, z) < 0.5f) return;
    grid.at(x, y, z) = 0;
    front.push_back({x, y, z});
  };
  for (int i = 0; i < grid.n * grid.n * grid.n; ++i) {
    take(i / grid.n / grid.n, i / grid.n % grid.n, i % grid.n);
    parts += !front.empty();
    while (!front.empty()) {
      const auto [x, y, z] = front.back();
      front.pop_back();
      for (int k = 0; k < 27; ++k) take(x + k / 9 - 1, y + k / 3 % 3 - 1, z + k % 3 - 1);
    }
  }
  return parts;
}

}  // namespace

TEST_CASE("a box fills exactly its cells, the longest side all of them") {
  const VoxelGrid grid = voxelize(box({10, -4, 7}, {11, -2, 11}));  // sides 1, 2, 4
  CHECK(iou(grid, block(32, 12, 20, 8, 24, 0, 32)) == 1);
  CHECK(grid.scale == doctest::Approx(4));
  CHECK(grid.translate[0] == doctest::Approx(8.5));
  CHECK(grid.translate[1] == doctest::Approx(-5));
  CHECK(grid.translate[2] == doctest::Approx(7));
}

TEST_CASE("axes are not mixed up: an L has its parts where they belong") {
  // A floor in x and z, a wall at low x, a post at high z.
  const Mesh mesh = joined(joined(box({0, 0, 0}, {8, 1, 4}), box({0, 1, 0}, {1, 6, 4})),
                           box({4, 1, 3}, {5, 3, 4}));
  const VoxelGrid grid = voxelize(mesh, 8);
  // Centred: y by 1, z by 2.
  CHECK(grid.at(0, 6, 2) == 1);
  CHECK(grid.at(7, 1, 2) == 1);
  CHECK(grid.at(4, 3, 5) == 1);
  CHECK(grid.at(4, 3, 2) == 0);
  CHECK(grid.count() == 8 * 4 + 5 * 4 + 2);
}

TEST_CASE("a sphere has its volume") {
  for (const int n : {16, 32, 48}) {
    const VoxelGrid grid = voxelize(sphere(0.7, 48), n);
    const double volume = std::numbers::pi / 6 * n * n * n;
    CHECK(double(grid.count()) == doctest::Approx(volume).epsilon(0.03).scale(0));
  }
}

TEST_CASE("winding, repeated triangles and place do not matter") {
  const Mesh ball = sphere(1, 24);
  const VoxelGrid expected = voxelize(ball);
  CHECK(iou(voxelize(flipped(ball)), expected) == 1);
  CHECK(iou(voxelize(joined(ball, flipped(ball))), expected) == 1);
  Mesh mixed = ball;
  for (std::size_t i = 0; i < mixed.triangles.size(); i += 3) {
    std::swap(mixed.triangles[i][0], mixed.triangles[i][1]);
  }
  CHECK(iou(voxelize(mixed), expected) == 1);
  CHECK(iou(voxelize(moved(ball, {1e4, -2e4, 3e4})), expected) > 0.99);
}

TEST_CASE("overlapping parts are one solid") {
  const Mesh mesh = joined(box({0, 0, 0}, {4, 2, 2}), box({2, 0, 0}, {8, 2, 2}));
  CHECK(iou(voxelize(mesh, 16), block(16, 0, 16, 6, 10, 6, 10)) == 1);
}

TEST_CASE("a solid inside a solid leaves no hole") {
  const Mesh mesh = joined(box({0, 0, 0}, {8, 8, 8}), box({2, 2, 2}, {6, 6, 6}));
  CHECK(voxelize(mesh, 16).count() == 16 * 16 * 16);
}

TEST_CASE("what is shut is solid, what is open is hollow, for any kind of skin") {
  // Six loose sheets, pulled apart by a hair.
  Mesh loose;
  const Mesh closed = box({0, 0, 0}, {4, 4, 4});
  for (int side = 0; side < 6; ++side) {
    Mesh sheet = closed;
    sheet.triangles = {closed.triangles[2 * side], closed.triangles[2 * side + 1]};
    loose = joined(loose, moved(sheet, {side % 3 == 0 ? 0.01 * side : 0.0, 0.0, 0.005 * side}));
  }
  CHECK(double(voxelize(loose, 16).count()) > 0.95 * 16 * 16 * 16);

  // Without a bottom only the skin is left, a voxel thick: as one sheet, doubled, or with walls.
  Mesh open = closed;
  open.triangles.erase(open.triangles.begin() + 4, open.triangles.begin() + 6);  // -y
  Mesh walls = joined(box({0, 0, 0}, {0.25, 4, 4}), box({3.75, 0, 0}, {4, 4, 4}));
  walls = joined(walls, joined(box({0, 0, 0}, {4, 4, 0.25}), box({0, 0, 3.75}, {4, 4, 4})));
  walls = joined(walls, box({0, 3.75, 0}, {4, 4, 4}));
  const VoxelGrid expected = voxelize(walls, 16);
  CHECK(expected.count() == 16 * 16 * 16 - 14 * 14 * 15);
  CHECK(iou(voxelize(open, 16), expected) > 0.98);
  CHECK(iou(voxelize(joined(open, flipped(open)), 16), expected) > 0.98);
}

TEST_CASE("openings narrower than a third of a voxel are shut, wider than two thirds open") {
  for (const double offset : {0.0, 0.07, 0.21, 0.33, 0.5}) {
    for (const double width : {0.02, 0.15, 0.3, 0.7, 1.0}) {
      // A hollow cube of 32 voxels, walls of 3, with a slit through the top.
      const double from = 9 + offset, to = from + width;
      Mesh mesh = joined(box({0, 0, 0}, {32, 3, 32}), box({0, 0, 0}, {3, 32, 32}));
      mesh = joined(mesh, joined(box({29, 0, 0}, {32, 32, 32}), box({0, 0, 0}, {32, 32, 3})));
      mesh = joined(mesh, joined(box({0, 0, 29}, {32, 32, 32}), box({0, 29, 0}, {from, 32, 32})));
      mesh = joined(mesh, box({to, 29, 0}, {32, 32, 32}));
      CAPTURE(offset);
      CAPTURE(width);
      CHECK((voxelize(mesh).at(16, 16, 16) == 1) == (width < 1.0 / 3));
    }
  }
}

TEST_CASE("a grid is mirrored and turned with its mesh, ties included") {
  // Edges on centres, between cells and elsewhere; thin and thick parts; not symmetric.
  Mesh mesh = joined(box({0, 0, 0}, {32, 2, 32}), box({3.5, 0, 8}, {6.5, 32, 8}));
  mesh = joined(mesh, joined(box({20.5, 0, 20.5}, {24.5, 9.5, 28.5}), box({9, 0, 25}, {9, 8, 30})));
  Mesh diagonal = box({-4, 0, -4}, {4, 12.5, 4});
  for (Vec3& v : diagonal.vertices) v = {22 + v[0] + v[2], v[1], 9 + v[2] - v[0]};
  mesh = joined(mesh, diagonal);
  const VoxelGrid grid = voxelize(mesh);
  Mesh turned = mesh, mirrored = mesh;
  for (Vec3& v : turned.vertices) v = {v[2], v[1], -v[0]};
  for (Vec3& v : mirrored.vertices) v = {-v[0], v[1], v[2]};
  const VoxelGrid other = voxelize(turned), third = voxelize(mirrored);
  CHECK(other.count() == grid.count());
  int differences = 0;
  for (int x = 0; x < 32; ++x) {
    for (int y = 0; y < 32; ++y) {
      for (int z = 0; z < 32; ++z) {
        differences += grid.at(x, y, z) != other.at(z, y, 31 - x);
        differences += grid.at(x, y, z) != third.at(31 - x, y, z);
      }
    }
  }
  CHECK(differences == 0);
}

TEST_CASE("shelves stay hollow") {
  Mesh shelf = box({0, 0, 0}, {4, 8, 0.5});  // back; y up, open at +z
  for (const double x : {0.0, 3.5}) shelf = joined(shelf, box({x, 0, 0}, {x + 0.5, 8, 3}));
  for (const double y : {0.0, 2.5, 5.0, 7.5})
    shelf = joined(shelf, box({0, y, 0}, {4, y + 0.5, 3}));
  const VoxelGrid grid = voxelize(shelf);
  // Half a unit is two cells: nothing is rounded, so the count is exact.
  const int back = 16 * 32 * 2, sides = 2 * 2 * 32 * 10, boards = 4 * 12 * 2 * 10;
  CHECK(grid.count() == back + sides + boards);
  CHECK(grid.at(16, 5, 16) == 0);
}

TEST_CASE("sheets and thin boards are one voxel thick wherever they lie between the centres") {
  for (const double height : {0.0, 0.01, 0.4, 0.9}) {
    for (const double offset : {-1.4, -0.7, -0.3, 0.0, 0.2, 0.6, 1.1}) {
      // The frame spans the grid; the plate lies near the middle, in units of a cell.
      const Mesh frame = joined(box({0, 0, 0}, {32, 2, 2}), box({0, 30, 30}, {2, 32, 32}));
      const double y = 16 + offset;
      const Mesh plate = box({6, y, 6}, {26, y + height, 26});
      const VoxelGrid grid = voxelize(joined(frame, plate));
      CAPTURE(height);
      CAPTURE(offset);
      for (int x = 7; x < 25; ++x) {
        for (int z = 7; z < 25; ++z) {
          int layers = 0;
          for (int k = 4; k < 28; ++k) layers += grid.at(x, k, z) > 0.5f;
          REQUIRE(layers == 1);
        }
      }
    }
  }
}

TEST_CASE("thin slanted rods stay in one piece") {
  for (const double thickness : {0.3, 0.8, 1.3}) {
    for (const double slant : {0.0, 3.0, 9.0, 20.0}) {
      Mesh rod = box({2, 0, 3}, {2 + thickness, 32, 3 + thickness});
      for (Vec3& v : rod.vertices) {
        v[0] += slant * v[1] / 32;
        v[2] += 0.6 * slant * v[1] / 32;
      }
      const VoxelGrid grid = voxelize(rod);
      CAPTURE(thickness);
      CAPTURE(slant);
      CHECK(connected_parts(grid) == 1);
      CHECK(grid.count() >= 32);
      CHECK(grid.count() <= 32 * (1 + thickness) * (1 + thickness) + 2 * slant);
    }
  }
}

TEST_CASE("the number of threads does not matter") {
  const Mesh mesh = joined(sphere(1, 16), box({0.5, -1.5, 0}, {0.52, 1.5, 1.3}));
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const VoxelGrid one = voxelize(mesh);
  omp_set_num_threads(4);
  const VoxelGrid four = voxelize(mesh);
  omp_set_num_threads(before);
  CHECK(one.values == four.values);
}

TEST_CASE("specks that hold no voxel become the voxels that they touch") {
  // Both straddle the four cells around the grid's axis; the grid spans from the one to the other.
  const Mesh specks =
      joined(box({0, 0, 0}, {0.004, 0.003, 0.001}), box({5, 0, 0}, {5.004, 0.003, 0.001}));
  CHECK(voxelize(specks).count() == 0);
  const VoxelGrid grid = voxelize_surface(specks);
  CHECK(grid.count() == 8);
  for (const int x : {0, 31}) {
    for (const int y : {15, 16}) {
      for (const int z : {15, 16}) CHECK(grid.at(x, y, z) == 1);
    }
  }
  CHECK(grid.translate == voxelize(specks).translate);
  CHECK(grid.scale == voxelize(specks).scale);
}

TEST_CASE("the surface of a box is one layer of voxels") {
  // No face lies between voxels, where it would touch both.
  const VoxelGrid grid = voxelize_surface(box({0, 0.25, 0.25}, {8, 5.75, 5.75}), 8);
  CHECK(grid.count() == 8 * 6 * 6 - 6 * 4 * 4);
  CHECK(grid.at(0, 4, 4) == 1);
  CHECK(grid.at(4, 4, 4) == 0);
  // Large grids have no finer lattice.
  CHECK(voxelize_surface(box({0, 0.25, 0.25}, {256, 5.75, 5.75}), 256).count() ==
        256 * 6 * 6 - 254 * 4 * 4);
}

TEST_CASE("the smallest grid has two voxels per side") {
  CHECK(voxelize(box({0, 0, 0}, {1, 1, 1}), 2).count() == 8);
  CHECK(voxelize(box({0, 0, 0}, {2, 1, 1}), 2).count() >= 2);
}

TEST_CASE("voxelize refuses what it cannot do") {
  CHECK(error_of([] { voxelize(Mesh{}); }) != "");
  CHECK(error_of([] { voxelize(box({1, 1, 1}, {1, 1, 1})); }).find("extent") != std::string::npos);
  CHECK(error_of([] {
          voxelize(box({0, 0, 0}, {1, 1, 1}), 1);
        }).find("2..256") != std::string::npos);
  CHECK(error_of([] {
          voxelize(box({0, 0, 0}, {1, 1, 1}), 257);
        }).find("2..256") != std::string::npos);
}

TEST_CASE("simple voxels") {
  const auto simple = [](const VoxelGrid& grid, int x, int y, int z) {
    const std::vector<std::uint8_t> occupied(grid.values.begin(), grid.values.end());
    return is_simple_voxel(occupied, grid.n, grid.index(x, y, z));
  };
  const VoxelGrid rod = block(5, 2, 3, 0, 5, 2, 3);
  CHECK(simple(rod, 2, 0, 2));        // an end
  CHECK_FALSE(simple(rod, 2, 2, 2));  // would break it
  const VoxelGrid sheet = block(5, 0, 5, 2, 3, 0, 5);
  CHECK(simple(sheet, 0, 2, 2));
  CHECK_FALSE(simple(sheet, 2, 2, 2));  // would pierce it
  const VoxelGrid solid = block(5, 1, 5, 1, 5, 1, 5);
  CHECK(simple(solid, 1, 2, 2));
  CHECK_FALSE(simple(solid, 2, 2, 2));                       // would leave a bubble
  CHECK_FALSE(simple(block(3, 1, 2, 1, 2, 1, 2), 1, 1, 1));  // the last one
  VoxelGrid diagonal(3);
  diagonal.at(0, 0, 0) = diagonal.at(1, 1, 1) = diagonal.at(2, 2, 2) = 1;
  CHECK_FALSE(simple(diagonal, 1, 1, 1));
  CHECK(simple(diagonal, 0, 0, 0));
}
