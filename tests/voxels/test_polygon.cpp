#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "tensor/rng.h"
#include "tests/voxels/grids.h"
#include "voxels/mesh/polygon.h"
#include "voxels/mesh/vec3.h"

using namespace voxgrad;
using Point = std::array<double, 2>;

namespace {

double area(const Point& a, const Point& b, const Point& c) {
  return ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) / 2;
}

// Cuts the polygon, begun at each of its corners, in the plane z = 3x - 2y + 1, wound both ways,
// and checks that no triangle is turned over and that the areas add up to the polygon's: together
// they leave no gap and no overlap.
void check_cut(const std::vector<Point>& outline) {
  double whole = 0;
  for (std::size_t i = 1; i + 1 < outline.size(); ++i) {
    whole += area(outline[0], outline[i], outline[i + 1]);
  }
  std::vector<Vec3> vertices;
  for (const Point& p : outline) vertices.push_back({p[0], p[1], 3 * p[0] - 2 * p[1] + 1});
  std::vector<std::uint32_t> corners(outline.size());
  std::iota(corners.begin(), corners.end(), 0u);
  for (const bool reversed : {false, true}) {
    if (reversed) std::reverse(corners.begin(), corners.end());
    const double sign = (whole > 0) != reversed ? 1 : -1;
    for (std::size_t first = 0; first < corners.size(); ++first) {
      std::rotate(corners.begin(), corners.begin() + 1, corners.end());
      double sum = 0;
      PolygonCutter cutter("test");
      for (const auto& [a, b, c] : cutter.cut(vertices, corners)) {
        const double part = sign * area(outline[a], outline[b], outline[c]);
        REQUIRE(part >= 0);
        sum += part;
      }
      REQUIRE(sum == doctest::Approx(std::abs(whole)).epsilon(1e-12));
    }
  }
}

}  // namespace

TEST_CASE("polygons: convex, concave, collinear and repeated corners, from any first corner") {
  check_cut({{0, 0}, {2, 0}, {2, 1}, {0, 1}});
  check_cut({{0, 0}, {4, 0}, {4, 3}, {3, 3}, {3, 1}, {1, 1}, {1, 3}, {0, 3}});          // U
  check_cut({{0, 0}, {1, 0}, {2, 0}, {2, 1}, {1, 1}, {1, 1}, {1, 2}, {0, 2}, {0, 1}});  // L
  check_cut({{0, 0}, {4, 1}, {1, 1}, {1, 4}});                                          // dart
  check_cut({{0, 0}, {3, 0}, {3, 3}, {2, 3}, {2, 1}, {1, 1}, {1, 2}, {1.5, 2}, {1.5, 3}, {0, 3}});
  std::vector<Point> comb{{0, 0}, {20, 0}};
  for (int tooth = 9; tooth >= 0; --tooth) {
    comb.insert(comb.end(), {{2.0 * tooth + 1.5, 9}, {2.0 * tooth + 1, 1}, {2.0 * tooth + 0.5, 9}});
  }
  check_cut(comb);
  std::vector<Point> spiral;
  for (int i = 0; i <= 60; ++i) {
    const double turn = 0.2 * i;
    spiral.push_back({(1 + turn) * std::cos(turn), (1 + turn) * std::sin(turn)});
  }
  for (int i = 60; i >= 0; --i) {
    const double turn = 0.2 * i;
    spiral.push_back({(0.5 + turn) * std::cos(turn), (0.5 + turn) * std::sin(turn)});
  }
  check_cut(spiral);
}

TEST_CASE("polygons: holes that bridges join to the rim") {
  // The rim and back, once round the hole the other way.
  check_cut({{0, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 0}, {1, 1}, {1, 3}, {3, 3}, {3, 1}, {1, 1}});
  // Two holes, the second joined to the first.
  check_cut({{0, 0},
             {9, 0},
             {9, 4},
             {0, 4},
             {0, 0},
             {1, 1},
             {1, 3},
             {3, 3},
             {6, 2},
             {7, 3},
             {7, 1},
             {6, 2},
             {3, 3},
             {3, 1},
             {1, 1}});
  // The bridge is part of a line with the rim's corner.
  check_cut(
      {{0, 0}, {4, 0}, {4, 4}, {2, 4}, {2, 3}, {3, 2}, {2, 1}, {1, 2}, {2, 3}, {2, 4}, {0, 4}});
}

TEST_CASE("polygons: random stars") {
  Rng rng(11, {});
  for (int i = 0; i < 60; ++i) {
    const int n = 4 + i % 23;
    std::vector<Point> star;
    for (int k = 0; k < n; ++k) {
      const double angle = 2 * std::numbers::pi * k / n;
      const double radius = std::ldexp(std::round(std::ldexp(rng.uniform(0.1, 1), 20)), -20);
      star.push_back({radius * std::cos(angle), radius * std::sin(angle)});
    }
    check_cut(star);
  }
}

TEST_CASE("polygons: the sign of an area is exact") {
  // In double (a - c) x (b - c) is 0 here, or has the wrong sign.
  const double e = std::ldexp(1.0, -52);
  CHECK(orientation({0.5, 0.5}, {12, 12}, {24, 24}) == 0);
  CHECK(orientation({0.5 + e, 0.5}, {12, 12}, {24, 24}) == -1);
  CHECK(orientation({0.5, 0.5 + e}, {12, 12}, {24, 24}) == 1);
}

TEST_CASE("polygons: what cannot be cut rightly still ends") {
  const std::vector<Vec3> vertices{{0, 0, 0}, {1, 1, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, NAN}};
  PolygonCutter cutter("bow tie");
  CHECK(cutter.cut(vertices, std::vector<std::uint32_t>{0, 1, 2, 3}).size() <= 2);
  CHECK(cutter.cut(vertices, std::vector<std::uint32_t>{0, 1}).empty());
  CHECK(cutter.cut(vertices, std::vector<std::uint32_t>{0, 0, 0, 0, 0}).size() <= 3);
  CHECK(cutter.cut(vertices, std::vector<std::uint32_t>{0, 1, 2, 4}).size() == 2);
  // Zigzag back along the same corners: quadratic work at most, then an error.
  std::vector<Vec3> comb;
  std::vector<std::uint32_t> corners;
  for (int i = 0; i < 60000; ++i) {
    comb.push_back({double(i % 2 == 0 ? i : -i), double(i % 3), 0});
    corners.push_back(std::uint32_t(i));
  }
  CHECK(testing::error_of([&] { PolygonCutter("comb.off").cut(comb, corners); }).find("comb.off") !=
        std::string::npos);
}
