// Puts a mesh together from closed parts: boxes, rods, tubes, bodies of revolution, cushions and
// lofts. Every part is a watertight surface of its own, its triangles counter-clockwise seen from
// outside, in the colour set before it; parts may touch and overlap. y is up, the front faces +z.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "voxels/mesh/mesh.h"

namespace voxgrad {

using Color = std::array<float, 3>;  // sRGB, 0..1
using Path = std::vector<Vec3>;

class Shaper {
 public:
  void color(const Color& color) { color_ = color; }

  /// Between two corners, in any order.
  void box(const Vec3& a, const Vec3& b);
  /// A box whose top is scaled about its middle, across x and z.
  void frustum(const Vec3& low, const Vec3& high, double top_x, double top_z);
  /// A box from a to b, `width` by `height` thick; the latter in the vertical plane of a and b.
  void beam(const Vec3& a, const Vec3& b, double width, double height);
  /// A round rod from a to b, with its radii there.
  void rod(const Vec3& a, const Vec3& b, double radius_a, double radius_b, int sides = 10);
  void rod(const Vec3& a, const Vec3& b, double radius) { rod(a, b, radius, radius); }
  /// A bent rod of round section along a path of two points or more.
  void tube(const Path& path, double radius, int sides = 8);
  /// A ring, round section, in the plane across `axis`.
  void ring(const Vec3& center, const Vec3& axis, double radius, double thickness, int sides = 20);
  /// Turned about the vertical line through `base`: radius and height, from bottom to top.
  void lathe(const Vec3& base, const std::vector<std::array<double, 2>>& profile, int sides = 16);
  void ball(const Vec3& center, const Vec3& radii, int sides = 14);
  /// A box with round edges: the larger `roundness` (0..1), the rounder.
  void cushion(const Vec3& a, const Vec3& b, double roundness);
  /// A flat cap of even thickness between two parallel outlines of one number of points; outlines
  /// are seen whole from their middles.
  void loft(const std::vector<Path>& sections);
  /// An outline in the plane across `axis` (0 x, 1 y, 2 z), from `low` to `high` along it. Its
  /// points are the other two coordinates, in the order of the axes.
  void extrude(int axis, const std::vector<std::array<double, 2>>& outline, double low,
               double high);

  /// What `parts` adds, moved by `change`.
  void moved(const std::function<Vec3(const Vec3&)>& change, const std::function<void()>& parts);
  /// What `parts` adds, and its mirror image in the plane x = 0.
  void mirrored(const std::function<void()>& parts);

  const Mesh& mesh() const { return mesh_; }
  Mesh take() { return std::move(mesh_); }
  /// Of all parts so far.
  std::vector<std::size_t> part_ends() const { return part_ends_; }

 private:
  void add(std::vector<Vec3> vertices, std::vector<std::array<std::uint32_t, 3>> triangles);

  Mesh mesh_;
  std::vector<std::size_t> part_ends_;  // in triangles
  Color color_{0.6f, 0.6f, 0.6f};
};

/// Turns a point about the vertical axis through the origin, by degrees, from z towards x.
Vec3 turned(const Vec3& point, double degrees);
/// A circular outline of `sides` points, with radii along both axes.
std::vector<std::array<double, 2>> oval(double radius_a, double radius_b, int sides = 20);
/// A rectangle about 0 with round corners.
std::vector<std::array<double, 2>> rounded_rectangle(double width, double height, double radius);

}  // namespace voxgrad
