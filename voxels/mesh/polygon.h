// Cuts polygons into triangles: concave ones, with collinear or repeated corners, with holes that a
// bridge joins to the rim, from any first corner. Signs of areas are exact, so that the cut never
// depends on rounding.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// The sign (-1, 0 or 1) of the area of the triangle a, b, c, counter-clockwise positive, without
/// rounding error as long as products neither overflow nor underflow (Shewchuk, "Adaptive precision
/// floating-point arithmetic and fast robust geometric predicates", 1997).
int orientation(const std::array<double, 2>& a, const std::array<double, 2>& b,
                const std::array<double, 2>& c);

/// Convex polygons become fans from their first corner; others lose one ear after the other. The
/// polygon is seen along the axis nearest to its normal. Polygons that cut themselves give some
/// triangulation; triangles without area are left out where corners repeat or are collinear.
class PolygonCutter {
 public:
  using Triangle = std::array<std::uint32_t, 3>;

  /// `name` of the file stands in messages. One cutter serves a whole file: it fails once the
  /// file's polygons take more work than a mesh can be worth.
  explicit PolygonCutter(const std::string& name) : name_(name) {}

  /// `corners` are indices into `vertices` (the caller has checked them). Valid until the next
  /// call.
  const std::vector<Triangle>& cut(std::span<const Vec3> vertices,
                                   std::span<const std::uint32_t> corners);

 private:
  using Point = std::array<double, 2>;
  void take_corners(std::span<const Vec3> vertices, std::span<const std::uint32_t> corners);
  void project(std::span<const Vec3> vertices);
  bool is_convex() const;
  void cut_ears();
  bool is_ear(std::size_t place, int strictness);
  void fan(std::span<const std::uint32_t> corners);

  std::string name_;
  std::vector<std::uint32_t> corners_;
  std::vector<Point> points_;        // of the corners, counter-clockwise
  std::vector<std::size_t> ring_;    // places of the corners that are left
  std::vector<Triangle> triangles_;  // the result
  bool turned_ = false;              // points_ were mirrored to be counter-clockwise
  std::uint64_t work_ = 0;
};

}  // namespace voxgrad
