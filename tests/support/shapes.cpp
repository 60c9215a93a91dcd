#include "tests/support/shapes.h"

#include <cmath>
#include <fstream>
#include <numbers>
#include <sstream>

namespace voxgrad::testing {

Mesh box(const Vec3& low, const Vec3& high) {
  Mesh mesh;
  for (int corner = 0; corner < 8; ++corner) {
    mesh.vertices.push_back({corner & 1 ? high[0] : low[0], corner & 2 ? high[1] : low[1],
                             corner & 4 ? high[2] : low[2]});
  }
  mesh.triangles = {{0, 4, 6}, {0, 6, 2}, {1, 3, 7}, {1, 7, 5}, {0, 1, 5}, {0, 5, 4},
                    {2, 6, 7}, {2, 7, 3}, {0, 2, 3}, {0, 3, 1}, {4, 5, 7}, {4, 7, 6}};
  return mesh;
}

Mesh sphere(double radius, int rings) {
  Mesh mesh;
  for (int i = 0; i <= rings; ++i) {
    const double polar = std::numbers::pi * i / rings;
    for (int j = 0; j < rings; ++j) {
      const double around = 2 * std::numbers::pi * j / rings;
      mesh.vertices.push_back({radius * std::sin(polar) * std::cos(around),
                               radius * std::cos(polar),
                               radius * std::sin(polar) * std::sin(around)});
    }
  }
  const auto at = [&](int i, int j) { return std::uint32_t(i * rings + j % rings); };
  for (int i = 0; i < rings; ++i) {
    for (int j = 0; j < rings; ++j) {
      mesh.triangles.push_back({at(i, j), at(i, j + 1), at(i + 1, j)});
      mesh.triangles.push_back({at(i, j + 1), at(i + 1, j + 1), at(i + 1, j)});
    }
  }
  return mesh;
}

Mesh joined(const Mesh& a, const Mesh& b) {
  Mesh mesh = a;
  const auto base = std::uint32_t(a.vertices.size());
  mesh.vertices.insert(mesh.vertices.end(), b.vertices.begin(), b.vertices.end());
  for (const auto& [x, y, z] : b.triangles)
    mesh.triangles.push_back({base + x, base + y, base + z});
  return mesh;
}

Mesh flipped(Mesh mesh) {
  for (auto& triangle : mesh.triangles) std::swap(triangle[1], triangle[2]);
  return mesh;
}

Mesh moved(Mesh mesh, const Vec3& by) {
  for (Vec3& v : mesh.vertices) v = {v[0] + by[0], v[1] + by[1], v[2] + by[2]};
  return mesh;
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

std::string obj_text(const Mesh& mesh) {
  std::ostringstream text;
  for (const Vec3& v : mesh.vertices) text << "v " << v[0] << ' ' << v[1] << ' ' << v[2] << '\n';
  for (const auto& [a, b, c] : mesh.triangles) {
    text << "f " << a + 1 << ' ' << b + 1 << ' ' << c + 1 << '\n';
  }
  return text.str();
}

}  // namespace voxgrad::testing
