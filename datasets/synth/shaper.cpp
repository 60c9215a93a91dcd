#include "datasets/synth/shaper.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tensor/error.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

constexpr double two_pi = 2 * std::numbers::pi;
constexpr double degree = std::numbers::pi / 180;

using Triangles = std::vector<std::array<std::uint32_t, 3>>;

// Six times the volume inside, negative if the triangles are clockwise.
double signed_volume(const std::vector<Vec3>& vertices, const Triangles& triangles) {
  double sum = 0;
  const Vec3& origin = vertices[0];
  for (const auto& [a, b, c] : triangles)
    sum += dot(vertices[a] - origin, cross(vertices[b] - origin, vertices[c] - origin));
  return sum;
}

// Two directions across a third, the second as upright as can be.
std::array<Vec3, 2> across(const Vec3& direction) {
  const Vec3 d = normalized(direction);
  const Vec3 up = std::abs(d[1]) < 0.999 ? Vec3{0, 1, 0} : Vec3{0, 0, 1};
  const Vec3 side = normalized(cross(up, d));
  return {side, cross(d, side)};
}

Path circle(const Vec3& center, const std::array<Vec3, 2>& axes, double radius, int sides) {
  Path points;
  for (int i = 0; i < sides; ++i) {
    const double angle = two_pi * (i + 0.5) / sides;
    points.push_back(center + radius * std::cos(angle) * axes[0] +
                     radius * std::sin(angle) * axes[1]);
  }
  return points;
}

double power(double x, double exponent) {
  return std::copysign(std::pow(std::abs(x), exponent), x);
}

}  // namespace

Vec3 turned(const Vec3& p, double degrees) {
  const double c = std::cos(degrees * degree), s = std::sin(degrees * degree);
  return {c * p[0] + s * p[2], p[1], c * p[2] - s * p[0]};
}

std::vector<std::array<double, 2>> oval(double radius_a, double radius_b, int sides) {
  std::vector<std::array<double, 2>> outline;
  for (int i = 0; i < sides; ++i) {
    const double angle = two_pi * (i + 0.5) / sides;
    outline.push_back({radius_a * std::cos(angle), radius_b * std::sin(angle)});
  }
  return outline;
}

std::vector<std::array<double, 2>> rounded_rectangle(double width, double height, double radius) {
  radius = std::min(radius, std::min(width, height) / 2 * 0.999);
  std::vector<std::array<double, 2>> outline;
  constexpr int steps = 4;
  for (int corner = 0; corner < 4; ++corner) {
    const double x = (corner == 0 || corner == 3 ? 1 : -1) * (width / 2 - radius);
    const double y = (corner < 2 ? 1 : -1) * (height / 2 - radius);
    for (int i = 0; i <= steps; ++i) {
      const double angle = two_pi / 4 * (corner + double(i) / steps);
      outline.push_back({x + radius * std::cos(angle), y + radius * std::sin(angle)});
    }
  }
  return outline;
}

void Shaper::add(std::vector<Vec3> vertices, Triangles triangles) {
  if (signed_volume(vertices, triangles) < 0)
    for (auto& triangle : triangles) std::swap(triangle[1], triangle[2]);
  const auto first = std::uint32_t(mesh_.vertices.size());
  mesh_.vertices.insert(mesh_.vertices.end(), vertices.begin(), vertices.end());
  for (const auto& [a, b, c] : triangles)
    mesh_.triangles.push_back({first + a, first + b, first + c});
  mesh_.colors.resize(mesh_.triangles.size(), color_);
  part_ends_.push_back(mesh_.triangles.size());
}

void Shaper::loft(const std::vector<Path>& sections) {
  check(sections.size() >= 2 && sections[0].size() >= 3, "[shaper] a loft needs two outlines of ",
        "three points");
  const auto n = std::uint32_t(sections[0].size());
  std::vector<Vec3> vertices;
  Triangles triangles;
  for (const Path& section : sections) {
    check(section.size() == n, "[shaper] outlines of ", n, " and ", section.size(), " points");
    vertices.insert(vertices.end(), section.begin(), section.end());
  }
  const auto rings = std::uint32_t(sections.size());
  for (std::uint32_t ring = 0; ring + 1 < rings; ++ring)
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::uint32_t a = ring * n + i, b = ring * n + (i + 1) % n;
      triangles.push_back({a, b, b + n});
      triangles.push_back({a, b + n, a + n});
    }
  for (const std::uint32_t ring : {0u, rings - 1}) {
    Vec3 middle{};
    for (const Vec3& point : sections[ring]) middle = middle + 1.0 / n * point;
    const auto center = std::uint32_t(vertices.size());
    vertices.push_back(middle);
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::uint32_t a = ring * n + i, b = ring * n + (i + 1) % n;
      if (ring == 0)
        triangles.push_back({center, b, a});
      else
        triangles.push_back({center, a, b});
    }
  }
  add(std::move(vertices), std::move(triangles));
}

void Shaper::extrude(int axis, const std::vector<std::array<double, 2>>& outline, double low,
                     double high) {
  std::vector<Path> sections;
  for (const double along : {low, high}) {
    Path section;
    for (const auto& [u, v] : outline) {
      Vec3 point{};
      point[axis] = along;
      point[axis == 0 ? 1 : 0] = u;
      point[axis == 2 ? 1 : 2] = v;
      section.push_back(point);
    }
    sections.push_back(std::move(section));
  }
  loft(sections);
}

void Shaper::box(const Vec3& a, const Vec3& b) {
  frustum({std::min(a[0], b[0]), std::min(a[1], b[1]), std::min(a[2], b[2])},
          {std::max(a[0], b[0]), std::max(a[1], b[1]), std::max(a[2], b[2])}, 1, 1);
}

void Shaper::frustum(const Vec3& low, const Vec3& high, double top_x, double top_z) {
  const double x = (low[0] + high[0]) / 2, z = (low[2] + high[2]) / 2;
  const double half_x = (high[0] - low[0]) / 2, half_z = (high[2] - low[2]) / 2;
  const auto outline = [&](double y, double scale_x, double scale_z) {
    const double dx = half_x * scale_x, dz = half_z * scale_z;
    return Path{{x - dx, y, z - dz}, {x + dx, y, z - dz}, {x + dx, y, z + dz}, {x - dx, y, z + dz}};
  };
  loft({outline(low[1], 1, 1), outline(high[1], top_x, top_z)});
}

void Shaper::beam(const Vec3& a, const Vec3& b, double width, double height) {
  const auto [side, up] = across(b - a);
  std::vector<Path> sections;
  for (const Vec3& end : {a, b}) {
    Path section;
    for (const auto& [u, v] : {std::array{-0.5, -0.5}, {0.5, -0.5}, {0.5, 0.5}, {-0.5, 0.5}})
      section.push_back(end + u * width * side + v * height * up);
    sections.push_back(section);
  }
  loft(sections);
}

void Shaper::rod(const Vec3& a, const Vec3& b, double radius_a, double radius_b, int sides) {
  const auto axes = across(b - a);
  loft({circle(a, axes, radius_a, sides), circle(b, axes, radius_b, sides)});
}

void Shaper::tube(const Path& path, double radius, int sides) {
  check(path.size() >= 2, "[shaper] a tube needs two points");
  std::vector<Path> sections;
  auto axes = across(path[1] - path[0]);
  for (std::size_t i = 0; i < path.size(); ++i) {
    const Vec3 before = i > 0 ? normalized(path[i] - path[i - 1]) : Vec3{};
    const Vec3 after = i + 1 < path.size() ? normalized(path[i + 1] - path[i]) : Vec3{};
    const Vec3 direction = normalized(before + after);
    // The axes stay as they were, so that the tube does not twist.
    axes[0] = normalized(axes[0] - dot(axes[0], direction) * direction);
    axes[1] = cross(direction, axes[0]);
    sections.push_back(circle(path[i], axes, radius, sides));
  }
  loft(sections);
}

void Shaper::ring(const Vec3& center, const Vec3& axis, double radius, double thickness,
                  int sides) {
  const Vec3 normal = normalized(axis);
  const auto axes = across(axis);
  constexpr std::uint32_t around = 8;
  std::vector<Vec3> vertices;
  Triangles triangles;
  const auto n = std::uint32_t(sides);
  for (std::uint32_t i = 0; i < n; ++i) {
    const double angle = two_pi * i / n;
    const Vec3 out = std::cos(angle) * axes[0] + std::sin(angle) * axes[1];
    const Path section = circle(center + radius * out, {out, normal}, thickness, around);
    vertices.insert(vertices.end(), section.begin(), section.end());
    for (std::uint32_t j = 0; j < around; ++j) {
      const std::uint32_t next = (i + 1) % n, k = (j + 1) % around;
      const std::uint32_t a = i * around + j, b = i * around + k;
      const std::uint32_t c = next * around + k, d = next * around + j;
      triangles.push_back({a, b, c});
      triangles.push_back({a, c, d});
    }
  }
  add(std::move(vertices), std::move(triangles));
}

void Shaper::lathe(const Vec3& base, const std::vector<std::array<double, 2>>& profile, int sides) {
  std::vector<Path> sections;
  for (const auto& [radius, height] : profile)
    sections.push_back(circle({base[0], base[1] + height, base[2]}, {Vec3{1, 0, 0}, Vec3{0, 0, 1}},
                              std::max(radius, 1e-4), sides));
  loft(sections);
}

void Shaper::ball(const Vec3& center, const Vec3& radii, int sides) {
  const int rings = std::max(4, sides / 2);
  std::vector<Path> sections;
  for (int i = 0; i <= rings; ++i) {
    const double latitude = std::numbers::pi * (double(i) / rings - 0.5);
    Path section;
    for (int j = 0; j < sides; ++j) {
      const double angle = two_pi * j / sides, r = std::max(std::cos(latitude), 1e-3);
      section.push_back(center + Vec3{radii[0] * r * std::cos(angle), radii[1] * std::sin(latitude),
                                      radii[2] * r * std::sin(angle)});
    }
    sections.push_back(std::move(section));
  }
  loft(sections);
}

void Shaper::cushion(const Vec3& a, const Vec3& b, double roundness) {
  const double exponent = std::clamp(roundness, 0.05, 1.0);
  const Vec3 center = 0.5 * (a + b);
  constexpr int sides = 20, rings = 10;
  std::vector<Path> sections;
  for (int i = 0; i <= rings; ++i) {
    const double latitude = std::numbers::pi * (double(i) / rings - 0.5);
    const double r = std::max(power(std::cos(latitude), exponent), 1e-3);
    Path section;
    for (int j = 0; j < sides; ++j) {
      const double angle = two_pi * (j + 0.5) / sides;
      section.push_back(center +
                        Vec3{std::abs(b[0] - a[0]) / 2 * r * power(std::cos(angle), exponent),
                             std::abs(b[1] - a[1]) / 2 * power(std::sin(latitude), exponent),
                             std::abs(b[2] - a[2]) / 2 * r * power(std::sin(angle), exponent)});
    }
    sections.push_back(std::move(section));
  }
  loft(sections);
}

void Shaper::moved(const std::function<Vec3(const Vec3&)>& change,
                   const std::function<void()>& parts) {
  const std::size_t first = mesh_.vertices.size(), first_triangle = mesh_.triangles.size();
  parts();
  double before = 0, after = 0;
  const auto volume = [&] {
    double sum = 0;
    for (std::size_t i = first_triangle; i < mesh_.triangles.size(); ++i) {
      const auto& [a, b, c] = mesh_.triangles[i];
      sum += dot(mesh_.vertices[a], cross(mesh_.vertices[b], mesh_.vertices[c]));
    }
    return sum;
  };
  before = volume();
  for (std::size_t i = first; i < mesh_.vertices.size(); ++i)
    mesh_.vertices[i] = change(mesh_.vertices[i]);
  after = volume();
  if (before * after >= 0) return;
  for (std::size_t i = first_triangle; i < mesh_.triangles.size(); ++i)
    std::swap(mesh_.triangles[i][1], mesh_.triangles[i][2]);
}

void Shaper::mirrored(const std::function<void()>& parts) {
  parts();
  moved([](const Vec3& p) { return Vec3{-p[0], p[1], p[2]}; }, parts);
}

}  // namespace voxgrad
