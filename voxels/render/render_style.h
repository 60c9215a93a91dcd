// How a mesh is lit and what its surfaces look like, beyond a colour per triangle. The defaults are
// the plain look of datasets.
#pragma once

#include <cstdint>
#include <vector>

#include "voxels/mesh/vec3.h"

namespace voxgrad {

/// A key and a fill light, and light from all around.
struct Lighting {
  /// Towards the lights, in camera coordinates (right, up, towards the viewer); any length.
  Vec3f key{-0.45f, 0.75f, 0.6f}, fill{0.8f, 0.15f, 0.55f};
  float key_strength = 0.62f, fill_strength = 0.2f;
  float sky_strength = 0.5f, ground_strength = 0.16f;  // from above and below
  float gloss_strength = 0.07f;
};

/// A solid texture: the colour at a place is multiplied by a factor that follows from the place
/// alone, so that it needs no texture coordinates (Perlin, "An image synthesizer", 1985).
struct SurfacePattern {
  enum class Kind : std::uint8_t { none, stripes, rings, checks, speckle };
  Kind kind = Kind::none;
  float scale = 10;     // repeats in the longest side of the object
  float strength = 0;   // how dark the darkest is, 0..1
  Vec3f axis{1, 0, 0};  // of stripes and rings; length 1
  Vec3f offset{};
};

struct RenderStyle {
  Lighting lighting;
  std::vector<SurfacePattern> patterns;
  /// For each triangle, its pattern: an index into `patterns`. Empty: none has one.
  std::vector<std::uint16_t> pattern_of_triangle;
};

/// At a place of the object, which is centred and has a longest side of 1: from 1 - strength to 1.
float pattern_factor(const SurfacePattern& pattern, const Vec3f& place);

}  // namespace voxgrad
