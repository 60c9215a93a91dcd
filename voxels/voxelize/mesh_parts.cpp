#include "voxels/voxelize/mesh_parts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "voxels/grid/union_find.h"

namespace voxgrad {
namespace {

constexpr double weld_step = 1e-4;

using Lattice = std::array<std::int64_t, 3>;

// Gives every vertex the number of the first one on the same lattice point.
std::vector<std::uint32_t> weld(const std::vector<Vec3f>& vertices) {
  std::vector<Lattice> lattice(vertices.size());
  for (std::size_t i = 0; i < vertices.size(); ++i) {
    for (int axis = 0; axis < 3; ++axis) {
      lattice[i][axis] = std::llround(double(vertices[i][axis]) / weld_step);
    }
  }
  std::vector<std::uint32_t> order(vertices.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return lattice[a] < lattice[b] || (lattice[a] == lattice[b] && a < b);
  });
  std::vector<std::uint32_t> first(vertices.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool same = i > 0 && lattice[order[i]] == lattice[order[i - 1]];
    first[order[i]] = same ? first[order[i - 1]] : order[i];
  }
  return first;
}

// Sorts the corners, then drops triangles that repeat: two coincident sheets would cancel out.
void remove_repeated(std::vector<std::array<std::uint32_t, 3>>& triangles) {
  for (auto& triangle : triangles) std::sort(triangle.begin(), triangle.end());
  std::sort(triangles.begin(), triangles.end());
  triangles.erase(std::unique(triangles.begin(), triangles.end()), triangles.end());
}

}  // namespace

MeshParts weld_parts(const Mesh& mesh, const Vec3& origin, double cell) {
  MeshParts result;
  result.vertices.reserve(mesh.vertices.size());
  for (const Vec3& vertex : mesh.vertices) {
    Vec3f moved;
    for (int axis = 0; axis < 3; ++axis) moved[axis] = float((vertex[axis] - origin[axis]) / cell);
    result.vertices.push_back(moved);
  }
  const std::vector<std::uint32_t> first = weld(result.vertices);
  for (const auto& [a, b, c] : mesh.triangles) {
    const std::array<std::uint32_t, 3> triangle{first[a], first[b], first[c]};
    if (triangle[0] == triangle[1] || triangle[1] == triangle[2] || triangle[0] == triangle[2]) {
      continue;
    }
    result.triangles.push_back(triangle);
  }
  remove_repeated(result.triangles);

  UnionFind connected(result.vertices.size());
  for (const auto& [a, b, c] : result.triangles) {
    connected.unite(a, b);
    connected.unite(a, c);
  }
  constexpr std::uint32_t unlabelled = 0xffffffffu;
  std::vector<std::uint32_t> label(result.vertices.size(), unlabelled);
  for (const auto& triangle : result.triangles) {
    std::uint32_t& part = label[connected.find(triangle[0])];
    if (part == unlabelled) part = result.n_parts++;
    result.part.push_back(part);
  }
  return result;
}

}  // namespace voxgrad
