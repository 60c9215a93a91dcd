#include "voxels/render/render_style.h"

#include <cmath>

namespace voxgrad {
namespace {

// A number in 0..1 for a cell of the lattice, without visible pattern.
float cell_noise(int x, int y, int z) {
  std::uint32_t h = std::uint32_t(x) * 0x9e3779b1u ^ std::uint32_t(y) * 0x85ebca77u ^
                    std::uint32_t(z) * 0xc2b2ae3du;
  h = (h ^ (h >> 15)) * 0x2c1b3c6du;
  h = (h ^ (h >> 12)) * 0x297a2d39u;
  return float((h ^ (h >> 15)) & 0xffffu) / 65535;
}

// The lattice's numbers, blended between its points.
float smooth_noise(const Vec3f& p) {
  const float fx = std::floor(p[0]), fy = std::floor(p[1]), fz = std::floor(p[2]);
  const auto ease = [](float t) { return t * t * (3 - 2 * t); };
  const float u = ease(p[0] - fx), v = ease(p[1] - fy), w = ease(p[2] - fz);
  float sum = 0;
  for (int corner = 0; corner < 8; ++corner) {
    const int i = corner & 1, j = corner >> 1 & 1, k = corner >> 2;
    sum += (i ? u : 1 - u) * (j ? v : 1 - v) * (k ? w : 1 - w) *
           cell_noise(int(fx) + i, int(fy) + j, int(fz) + k);
  }
  return sum;
}

// 0..1, how much of the pattern's dark part is there.
float darkness(const SurfacePattern& pattern, const Vec3f& place) {
  const Vec3f p = pattern.scale * (place + pattern.offset);
  switch (pattern.kind) {
    case SurfacePattern::Kind::stripes: {
      const float along = dot(p, pattern.axis);
      return along - std::floor(along) < 0.5f ? 1.0f : 0.0f;
    }
    case SurfacePattern::Kind::rings: {  // of a tree whose trunk lies along the axis
      const Vec3f across = p - dot(p, pattern.axis) * pattern.axis;
      const float radius = length(across) + 0.6f * smooth_noise(p);
      return 0.5f + 0.5f * std::sin(6.2831853f * radius);
    }
    case SurfacePattern::Kind::checks: {
      const int cells = int(std::floor(p[0])) + int(std::floor(p[1])) + int(std::floor(p[2]));
      return (cells & 1) != 0 ? 1.0f : 0.0f;
    }
    case SurfacePattern::Kind::speckle:
      return smooth_noise(2.0f * p);
    case SurfacePattern::Kind::none:
      break;
  }
  return 0;
}

}  // namespace

float pattern_factor(const SurfacePattern& pattern, const Vec3f& place) {
  return 1 - pattern.strength * darkness(pattern, place);
}

}  // namespace voxgrad
