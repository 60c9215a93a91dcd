#include "datasets/shapenet/view_cameras.h"

#include <cmath>
#include <numbers>
#include <sstream>
#include <vector>

#include "datasets/common/rendered_views.h"
#include "io/file.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

constexpr std::size_t max_bytes = 1 << 20;
constexpr double degree = std::numbers::pi / 180;

struct Line {
  double azimuth = 0, elevation = 0, in_plane = 0, distance = 0, field_of_view = 0;
};

std::vector<Line> lines_of(const std::filesystem::path& file) {
  std::vector<Line> lines;
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return lines;
  const std::vector<std::uint8_t> bytes = read_file(file, max_bytes);
  std::istringstream text(std::string(bytes.begin(), bytes.end()));
  for (std::string row; std::getline(text, row);) {
    Line line;
    std::istringstream in(row);
    if (in >> line.azimuth >> line.elevation >> line.in_plane >> line.distance >>
        line.field_of_view)
      lines.push_back(line);
  }
  return lines;
}

/// As 3D-R2N2 rendered.
GridCamera r2n2_camera(const Line& line, const VoxelGrid& grid) {
  constexpr double focal = 2.1875 / 2, unit = 1.75;  // of whole pictures; of distances
  const double azimuth = line.azimuth * degree, elevation = line.elevation * degree;
  const Vec3 back{std::cos(elevation) * std::cos(azimuth), std::sin(elevation),
                  std::cos(elevation) * std::sin(azimuth)};
  const Vec3 right = normalized(cross(Vec3{0, 1, 0}, back)), up = cross(back, right);
  GridCamera camera;
  auto& m = camera.matrix;
  for (int axis = 0; axis < 4; ++axis) {
    // The cube's corner and edges in the mesh's coordinates.
    const auto in_cube = [&](const Vec3& v) {
      return axis < 3 ? v[axis] * grid.scale : dot(v, grid.translate);
    };
    const double depth = (axis == 3 ? unit * line.distance : 0) - in_cube(back);
    m[0][axis] = focal * in_cube(right) + depth / 2;
    m[1][axis] = -focal * in_cube(up) + depth / 2;
    m[2][axis] = depth;
  }
  return camera;
}

}  // namespace

std::optional<GridCamera> rendering_camera(const std::filesystem::path& rendering, int views,
                                           int view, const std::function<VoxelGrid()>& volume) {
  const std::vector<Line> lines = lines_of(rendering / "rendering_metadata.txt");
  if (int(lines.size()) != views || view < 0 || view >= views) return {};
  const Line& line = lines[std::size_t(view)];
  const auto within = [](double value, double low, double high) {
    return value >= low && value <= high;
  };
  if (!within(std::abs(line.azimuth), 0, 720) || !within(line.elevation, -89, 89) ||
      !within(line.distance, 1e-3, 1e3) || !within(line.field_of_view, 1, 120))
    return {};
  constexpr double largest_factor = 1.0001;
  if (line.distance <= largest_factor) return r2n2_camera(line, volume());
  return grid_camera({line.azimuth, line.elevation, line.distance, line.field_of_view});
}

}  // namespace voxgrad
