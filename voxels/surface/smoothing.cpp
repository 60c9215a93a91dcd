#include "voxels/surface/smoothing.h"

#include <algorithm>

#include "tensor/error.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

/// Neighbours of vertex v: to[first[v]] up to to[first[v + 1]], each once.
struct Neighbours {
  std::vector<std::size_t> first;
  std::vector<std::uint32_t> to;
};

Neighbours neighbours_of(const Mesh& mesh) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  edges.reserve(6 * mesh.triangles.size());
  for (const auto& t : mesh.triangles)
    for (std::size_t k = 0; k < 3; ++k) {
      edges.emplace_back(t[k], t[(k + 1) % 3]);
      edges.emplace_back(t[(k + 1) % 3], t[k]);
    }
  std::ranges::sort(edges);
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  Neighbours result;
  result.first.assign(mesh.vertices.size() + 1, 0);
  for (const auto& [from, to] : edges) {
    ++result.first[from + 1];
    result.to.push_back(to);
  }
  for (std::size_t v = 0; v < mesh.vertices.size(); ++v) result.first[v + 1] += result.first[v];
  return result;
}

void step(std::vector<Vec3>& vertices, const Neighbours& neighbours, double share) {
  const std::vector<Vec3> before = vertices;
  for (std::size_t v = 0; v < vertices.size(); ++v) {
    const std::size_t begin = neighbours.first[v], end = neighbours.first[v + 1];
    if (begin == end) continue;
    Vec3 mean{0, 0, 0};
    for (std::size_t i = begin; i < end; ++i) mean = mean + before[neighbours.to[i]];
    vertices[v] = before[v] + share * (1.0 / double(end - begin) * mean - before[v]);
  }
}

}  // namespace

void smooth(Mesh& mesh, const SmoothingOptions& options) {
  check(options.steps >= 0, "[smooth] ", options.steps, " steps");
  if (options.steps == 0) return;
  const Neighbours neighbours = neighbours_of(mesh);
  for (int i = 0; i < options.steps; ++i) {
    step(mesh.vertices, neighbours, options.lambda);
    step(mesh.vertices, neighbours, -options.mu);
  }
}

}  // namespace voxgrad
