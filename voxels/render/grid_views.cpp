#include "voxels/render/grid_views.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/error.h"
#include "voxels/image/contact_sheet.h"

namespace voxgrad {
namespace {

using Rgb = std::array<double, 3>;

constexpr Rgb paper{255, 255, 255}, ink{70, 110, 160};
constexpr std::array<Rgb, 3> axis_colors{Rgb{214, 72, 62}, Rgb{72, 168, 84}, Rgb{66, 108, 214}};
constexpr double opacity = 0.55;

bool occupied(const VoxelGrid& grid, const std::array<int, 3>& at) {
  for (const int i : at)
    if (i < 0 || i >= grid.n) return false;
  return grid.at(at[0], at[1], at[2]) >= 0.5f;
}

/// RGB on white.
Image on_paper(const Image& picture) {
  Image result(picture.width, picture.height, 3);
  const int colors = picture.channels < 3 ? 1 : 3;
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const std::uint8_t* source = picture.at(x, y);
      const double alpha = picture.channels % 2 == 0 ? source[colors] / 255.0 : 1;
      for (int c = 0; c < 3; ++c)
        result.at(x, y)[c] = std::uint8_t(
            std::lround(alpha * source[colors == 1 ? 0 : c] + (1 - alpha) * paper[std::size_t(c)]));
    }
  return result;
}

struct Pixel {
  double x = 0, y = 0, depth = 0;
};

/// Which axis's face is nearest in each pixel.
class FaceBuffer {
 public:
  FaceBuffer(int width, int height)
      : width_(width),
        height_(height),
        depth_(std::size_t(width) * std::size_t(height), std::numeric_limits<double>::infinity()),
        axis_(depth_.size(), -1) {}

  int axis(int x, int y) const {
    return axis_[std::size_t(y) * std::size_t(width_) + std::size_t(x)];
  }

  /// A triangle of any winding; 1/depth is linear in the picture.
  void fill(const Pixel& a, const Pixel& b, const Pixel& c, int axis) {
    const double area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    if (!(std::abs(area) > 1e-12)) return;
    const auto limit = [](double value, int most) {
      return int(std::clamp(value, 0.0, double(most)));
    };
    const int left = limit(std::floor(std::min({a.x, b.x, c.x})), width_);
    const int right = limit(std::ceil(std::max({a.x, b.x, c.x})), width_);
    const int top = limit(std::floor(std::min({a.y, b.y, c.y})), height_);
    const int bottom = limit(std::ceil(std::max({a.y, b.y, c.y})), height_);
    for (int y = top; y < bottom; ++y)
      for (int x = left; x < right; ++x) {
        const double px = x + 0.5, py = y + 0.5;
        const double wb = ((px - a.x) * (c.y - a.y) - (py - a.y) * (c.x - a.x)) / area;
        const double wc = ((b.x - a.x) * (py - a.y) - (b.y - a.y) * (px - a.x)) / area;
        if (wb < 0 || wc < 0 || wb + wc > 1) continue;
        const double depth = 1 / ((1 - wb - wc) / a.depth + wb / b.depth + wc / c.depth);
        const std::size_t i = std::size_t(y) * std::size_t(width_) + std::size_t(x);
        if (depth >= depth_[i]) continue;
        depth_[i] = depth;
        axis_[i] = axis;
      }
  }

 private:
  int width_, height_;
  std::vector<double> depth_;
  std::vector<int> axis_;
};

/// Draws the face of a voxel on side `sign` of `axis`; nothing behind or beside the camera.
void draw_face(FaceBuffer& buffer, const GridCamera& camera, int n, const std::array<int, 3>& voxel,
               int axis, int sign, int width, int height) {
  const int u = (axis + 1) % 3, v = (axis + 2) % 3;
  std::array<Pixel, 4> corners;
  for (int i = 0; i < 4; ++i) {
    std::array<double, 3> p{double(voxel[0]), double(voxel[1]), double(voxel[2])};
    p[axis] += sign > 0 ? 1 : 0;
    p[u] += i == 1 || i == 2 ? 1 : 0;
    p[v] += i >= 2 ? 1 : 0;
    for (double& coordinate : p) coordinate /= n;
    const std::array<double, 3> h = camera(p);
    if (!(h[2] > 1e-6)) return;
    corners[std::size_t(i)] = {h[0] / h[2] * width, h[1] / h[2] * height, h[2]};
    if (!(std::abs(corners[std::size_t(i)].x) < 1e6) ||
        !(std::abs(corners[std::size_t(i)].y) < 1e6))
      return;
  }
  buffer.fill(corners[0], corners[1], corners[2], axis);
  buffer.fill(corners[0], corners[2], corners[3], axis);
}

}  // namespace

Image draw_over(const Image& picture, const VoxelGrid& grid, const GridCamera& camera, int scale) {
  check(scale >= 1 && scale <= 16, "[draw] a scale of ", scale);
  Image result = on_paper(picture);
  if (scale > 1) result = resized(result, picture.width * scale, picture.height * scale);
  FaceBuffer buffer(result.width, result.height);
  for (int x = 0; x < grid.n; ++x)
    for (int y = 0; y < grid.n; ++y)
      for (int z = 0; z < grid.n; ++z) {
        const std::array<int, 3> voxel{x, y, z};
        if (!occupied(grid, voxel)) continue;
        for (int axis = 0; axis < 3; ++axis)
          for (const int sign : {-1, 1}) {
            std::array<int, 3> beside = voxel;
            beside[axis] += sign;
            if (!occupied(grid, beside))
              draw_face(buffer, camera, grid.n, voxel, axis, sign, result.width, result.height);
          }
      }
  for (int y = 0; y < result.height; ++y)
    for (int x = 0; x < result.width; ++x) {
      const int axis = buffer.axis(x, y);
      if (axis < 0) continue;
      for (int c = 0; c < 3; ++c) {
        std::uint8_t& value = result.at(x, y)[c];
        const Rgb& color = axis_colors[std::size_t(axis)];
        value = std::uint8_t(std::lround((1 - opacity) * value + opacity * color[std::size_t(c)]));
      }
    }
  return result;
}

Image draw_side(const VoxelGrid& grid, GridSide side, int size) {
  check(size >= 1 && size <= 4096, "[draw] a picture of ", size, " pixels per side");
  Image result(size, size, 3);
  const int n = grid.n;
  // The voxel at a place of the picture (from the left, from the top) and a distance from its eye.
  const auto voxel = [&](int column, int row, int behind) -> std::array<int, 3> {
    switch (side) {
      case GridSide::front:
        return {n - 1 - behind, n - 1 - row, n - 1 - column};
      case GridSide::side:
        return {column, n - 1 - row, n - 1 - behind};
      case GridSide::top:
        break;
    }
    return {row, n - 1 - behind, n - 1 - column};
  };
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) {
      int behind = 0;
      const int column = x * n / size, row = y * n / size;
      while (behind < n && !occupied(grid, voxel(column, row, behind))) ++behind;
      for (int c = 0; c < 3; ++c) {
        const auto i = std::size_t(c);
        const double share = behind < n ? 0.35 + 0.65 * behind / n : 0;
        const double shade = behind < n ? (1 - share) * 255 + share * ink[i] : 244;
        result.at(x, y)[c] = std::uint8_t(std::lround(shade));
      }
    }
  return result;
}

}  // namespace voxgrad
