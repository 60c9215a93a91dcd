// Triangle meshes with a colour per triangle or per vertex. Coordinates as in the file; y is up.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace voxgrad {

using Vec3 = std::array<double, 3>;

struct Mesh {
  std::vector<Vec3> vertices;
  std::vector<std::array<std::uint32_t, 3>> triangles;  // counter-clockwise seen from outside
  std::vector<std::array<float, 3>> colors;             // RGB 0..1, one per triangle, or empty
  std::vector<std::array<float, 3>> vertex_colors;      // the same, one per vertex, or empty
  std::vector<std::string> notes;  // what a reader passed over: textures, material files

  struct Bounds {
    Vec3 low, high;
    double longest_side() const;
  };
  /// Of the vertices that triangles use. Error if there is no triangle.
  Bounds bounds() const;
};

}  // namespace voxgrad
