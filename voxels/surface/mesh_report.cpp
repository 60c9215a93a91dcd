#include "voxels/surface/mesh_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <span>

#include "io/plural.h"
#include "tensor/error.h"
#include "voxels/grid/union_find.h"
#include "voxels/mesh/vec3.h"
#include "voxels/render/embree_scene.h"

namespace voxgrad {
namespace {

using Triangle = std::array<std::uint32_t, 3>;

struct Merged {
  std::vector<Vec3f> vertices;
  std::vector<Triangle> triangles;  // without degenerate ones
  std::int64_t degenerate = 0;
};

Merged merge_vertices(const Mesh& mesh) {
  Merged merged;
  std::vector<std::pair<Vec3f, std::uint32_t>> places;
  std::vector<bool> used(mesh.vertices.size());
  for (const Triangle& t : mesh.triangles)
    for (const std::uint32_t v : t) {
      check(v < mesh.vertices.size(), "[mesh report] a triangle uses vertex ", v,
            ", but there are only ", mesh.vertices.size());
      used[v] = true;
    }
  for (std::uint32_t v = 0; v < mesh.vertices.size(); ++v) {
    const Vec3& p = mesh.vertices[v];
    // Adding 0 makes -0 and 0 one place.
    if (used[v]) places.push_back({{float(p[0]) + 0, float(p[1]) + 0, float(p[2]) + 0}, v});
  }
  std::ranges::sort(places);
  std::vector<std::uint32_t> name(mesh.vertices.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (i == 0 || places[i].first != places[i - 1].first)
      merged.vertices.push_back(places[i].first);
    name[places[i].second] = std::uint32_t(merged.vertices.size() - 1);
  }
  for (const Triangle& t : mesh.triangles) {
    const Triangle now{name[t[0]], name[t[1]], name[t[2]]};
    if (now[0] == now[1] || now[1] == now[2] || now[2] == now[0])
      ++merged.degenerate;
    else
      merged.triangles.push_back(now);
  }
  return merged;
}

struct HalfEdge {
  std::uint32_t low, high;
  bool forward;
  std::uint32_t triangle;
  auto key() const { return std::pair(low, high); }
};

/// Counts edges and joins the triangles at each.
void look_at_edges(const Merged& mesh, MeshReport& report, UnionFind& shells) {
  std::vector<HalfEdge> edges;
  edges.reserve(3 * mesh.triangles.size());
  for (std::uint32_t i = 0; i < mesh.triangles.size(); ++i)
    for (std::size_t k = 0; k < 3; ++k) {
      const std::uint32_t a = mesh.triangles[i][k], b = mesh.triangles[i][(k + 1) % 3];
      edges.push_back({std::min(a, b), std::max(a, b), a < b, i});
    }
  std::ranges::sort(edges, {},
                    [](const HalfEdge& e) { return std::tuple(e.low, e.high, e.triangle); });
  for (std::size_t i = 0, end = 0; i < edges.size(); i = end) {
    while (end < edges.size() && edges[end].key() == edges[i].key()) ++end;
    const std::size_t count = end - i;
    report.boundary_edges += count == 1;
    report.nonmanifold_edges += count > 2;
    report.flipped_edges += count == 2 && edges[i].forward == edges[i + 1].forward;
    for (const HalfEdge& edge : std::span(edges).subspan(i, count))
      shells.unite(edges[i].triangle, edge.triangle);
  }
}

Vec3 corner(const Merged& mesh, const Triangle& t, std::size_t k) {
  const Vec3f& v = mesh.vertices[t[k]];
  return {v[0], v[1], v[2]};
}

void measure(const Merged& mesh, MeshReport& report, UnionFind& shells) {
  Vec3 low, high;
  low.fill(std::numeric_limits<double>::infinity());
  high.fill(-std::numeric_limits<double>::infinity());
  for (const Vec3f& v : mesh.vertices)
    for (std::size_t axis = 0; axis < 3; ++axis) {
      low[axis] = std::min(low[axis], double(v[axis]));
      high[axis] = std::max(high[axis], double(v[axis]));
    }
  report.size = high - low;
  std::map<std::uint32_t, double> volumes;
  for (std::uint32_t i = 0; i < mesh.triangles.size(); ++i) {
    // From the box's corner, so that an object far from the origin loses no digits.
    const Vec3 a = corner(mesh, mesh.triangles[i], 0) - low,
               b = corner(mesh, mesh.triangles[i], 1) - low,
               c = corner(mesh, mesh.triangles[i], 2) - low;
    report.area += length(cross(b - a, c - a)) / 2;
    const double volume = dot(a, cross(b, c)) / 6;
    report.volume += volume;
    volumes[shells.find(i)] += volume;
  }
  for (const auto& [shell, volume] : volumes) ++(volume < 0 ? report.cavities : report.components);
}

/// Rays from points inside each triangle straight inwards, up to the first wall that faces the
/// other way within 37 degrees.
double thinnest_place(const Merged& mesh) {
  constexpr float opposite = 0.8f;
  constexpr double overlooked_area = 0.002;
  constexpr float weights[][2] = {{1 / 3.0f, 1 / 3.0f}, {0.1f, 0.1f}, {0.8f, 0.1f}, {0.1f, 0.8f}};
  const RayScene scene(mesh.vertices, mesh.triangles);
  std::vector<Vec3f> normals;
  std::vector<double> areas;
  double area = 0;
  for (const Triangle& t : mesh.triangles) {
    const Vec3f &a = mesh.vertices[t[0]], &b = mesh.vertices[t[1]], &c = mesh.vertices[t[2]];
    const Vec3f normal = cross(b - a, c - a);
    normals.push_back(normalized(normal));
    areas.push_back(double(length(normal)) / 2);
    area += areas.back();
  }
  constexpr float none = std::numeric_limits<float>::infinity();
  std::vector<float> thickness(mesh.triangles.size(), none);
#pragma omp parallel for schedule(dynamic, 256)
  for (std::size_t i = 0; i < mesh.triangles.size(); ++i) {
    std::vector<RayScene::Crossing> found;
    const Triangle& t = mesh.triangles[i];
    const Vec3f &a = mesh.vertices[t[0]], ab = mesh.vertices[t[1]] - a,
                ac = mesh.vertices[t[2]] - a;
    if (areas[i] == 0) continue;
    const Vec3f inwards = -1.0f * normals[i];
    for (const auto& [u, v] : weights) {
      scene.crossings(a + u * ab + v * ac, inwards, found);
      for (const RayScene::Crossing& crossing : found) {
        if (crossing.triangle == i || crossing.distance <= 0) continue;
        if (dot(normals[crossing.triangle], inwards) < opposite) continue;
        thickness[i] = std::min(thickness[i], crossing.distance);
        break;
      }
    }
  }
  // The tips of wedges are thin without being walls: a little of the area may be thinner.
  std::vector<std::size_t> order(mesh.triangles.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(thickness[i], i); });
  double thinner = 0;
  for (const std::size_t i : order) {
    thinner += areas[i];
    if (thickness[i] == none) return 0;
    if (thinner >= overlooked_area * area) return double(thickness[i]);
  }
  return 0;
}

}  // namespace

bool MeshReport::sound() const {
  return triangles > 0 && boundary_edges == 0 && nonmanifold_edges == 0 && flipped_edges == 0 &&
         degenerate_triangles == 0 && volume > 0;
}

MeshReport report_on(const Mesh& mesh, const MeshReportOptions& options) {
  const Merged merged = merge_vertices(mesh);
  MeshReport report;
  report.vertices = std::int64_t(merged.vertices.size());
  report.triangles = std::int64_t(mesh.triangles.size());
  report.degenerate_triangles = merged.degenerate;
  if (merged.triangles.empty()) return report;
  UnionFind shells(merged.triangles.size());
  look_at_edges(merged, report, shells);
  measure(merged, report, shells);
  if (options.thickness) report.thinnest = thinnest_place(merged);
  return report;
}

std::vector<std::string> problems_of(const MeshReport& report, double min_wall) {
  std::vector<std::string> problems;
  const auto add = [&](std::int64_t count, const char* thing, const char* rest) {
    if (count > 0) problems.push_back(fmt::format("{} {}", counted(count, thing), rest));
  };
  if (report.triangles == 0) problems.push_back("no surface");
  add(report.boundary_edges, "edge", "with one triangle only: the surface is open");
  add(report.nonmanifold_edges, "edge", "with more than two triangles");
  add(report.flipped_edges, "edge", "between triangles of opposite winding");
  add(report.degenerate_triangles, "triangle", "without area");
  if (report.triangles > 0 && report.volume <= 0) problems.push_back("the surface is inside out");
  if (min_wall > 0 && report.thinnest > 0 && report.thinnest < min_wall)
    problems.push_back(
        fmt::format("the thinnest part has {:.3g}, less than {:.3g}", report.thinnest, min_wall));
  return problems;
}

}  // namespace voxgrad
