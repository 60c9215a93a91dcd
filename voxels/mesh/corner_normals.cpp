#include "voxels/mesh/corner_normals.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace voxgrad {
namespace {

constexpr float cosine_of_crease = 0.766f;  // 40 degrees
// A fan of very many triangles around one point is not worth quadratic time.
constexpr std::size_t max_neighbours = 256;

// Corners (3 * triangle + k) ordered by the place of their vertex.
std::vector<std::uint32_t> corners_by_place(
    std::span<const Vec3f> vertices, std::span<const std::array<std::uint32_t, 3>> triangles) {
  std::vector<std::uint32_t> order(3 * triangles.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto place = [&](std::uint32_t corner) -> const Vec3f& {
    return vertices[triangles[corner / 3][corner % 3]];
  };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return place(a) < place(b) || (place(a) == place(b) && a < b);
  });
  return order;
}

}  // namespace

std::vector<std::array<Vec3f, 3>> corner_normals(
    std::span<const Vec3f> vertices, std::span<const std::array<std::uint32_t, 3>> triangles) {
  std::vector<Vec3f> area(triangles.size()), unit(triangles.size());
  for (std::size_t i = 0; i < triangles.size(); ++i) {
    const auto& [a, b, c] = triangles[i];
    area[i] = cross(vertices[b] - vertices[a], vertices[c] - vertices[a]);
    unit[i] = normalized(area[i]);
  }
  std::vector<std::array<Vec3f, 3>> normals(triangles.size());
  const std::vector<std::uint32_t> order = corners_by_place(vertices, triangles);
  const auto place = [&](std::uint32_t corner) -> const Vec3f& {
    return vertices[triangles[corner / 3][corner % 3]];
  };
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && place(order[end]) == place(order[begin])) ++end;
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint32_t own = order[i] / 3;
      Vec3f sum = area[own];
      for (std::size_t j = begin; j < std::min(end, begin + max_neighbours); ++j) {
        const std::uint32_t other = order[j] / 3;
        const float cosine = dot(unit[own], unit[other]);
        if (other == own || std::abs(cosine) < cosine_of_crease) continue;
        sum = sum + (cosine < 0 ? -1.0f : 1.0f) * area[other];
      }
      normals[own][order[i] % 3] = normalized(sum);
    }
  }
  return normals;
}

}  // namespace voxgrad
