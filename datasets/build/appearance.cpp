#include "datasets/build/appearance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tensor/error.h"

namespace voxgrad {
namespace {

using Color = std::array<float, 3>;

// Never quite black or white, often of little saturation, as real things are.
Color random_color(Rng& rng) {
  const double value = rng.uniform(0.12, 0.95), saturation = std::pow(rng.uniform(), 1.5) * 0.9;
  const double hue = rng.uniform(0, 6);
  Color color;
  for (int c = 0; c < 3; ++c) {
    const double k = std::fmod(hue + 5 - 2 * c, 6.0);
    color[std::size_t(c)] =
        float(value - value * saturation * std::clamp(std::min(k, 4 - k), 0.0, 1.0));
  }
  return color;
}

Vec3f random_direction(Rng& rng) {
  Vec3f v;
  for (float& x : v) x = float(rng.normal());
  return normalized(v);
}

SurfacePattern random_pattern(Rng& rng) {
  using Kind = SurfacePattern::Kind;
  SurfacePattern pattern;
  pattern.kind = std::array{Kind::stripes, Kind::rings, Kind::checks, Kind::speckle}[rng.below(4)];
  pattern.scale = float(std::exp(rng.uniform(std::log(4.0), std::log(40.0))));
  pattern.strength = float(rng.uniform(0.1, 0.6));
  const bool upright = rng.uniform() < 0.7;
  pattern.axis = {0, 0, 0};
  pattern.axis[rng.below(3)] = 1;
  if (!upright) pattern.axis = random_direction(rng);
  for (float& x : pattern.offset) x = float(rng.uniform(-1, 1));
  return pattern;
}

Lighting random_lighting(double spread, Rng& rng) {
  Lighting light;
  const auto turn = [&](Vec3f& direction) {
    const Vec3f other = random_direction(rng);
    direction =
        normalized(float(1 - 0.75 * spread) * normalized(direction) +
                   float(0.75 * spread) * Vec3f{other[0], std::abs(other[1]), std::abs(other[2])});
  };
  const auto vary = [&](float& strength) {
    strength *= float(std::exp(rng.uniform(-0.6, 0.6) * spread));
  };
  turn(light.key);
  turn(light.fill);
  for (float* strength :
       {&light.key_strength, &light.fill_strength, &light.sky_strength, &light.ground_strength})
    vary(*strength);
  light.gloss_strength *= float(1 + 3 * spread * rng.uniform());
  return light;
}

}  // namespace

void check_widening(const Widening& w) {
  const auto within = [](const char* name, double value, double low, double high) {
    check<ConfigError>(value >= low && value <= high, "[build] ", name, " ", value, " is not in ",
                       low, "..", high);
  };
  for (const double elevation : w.elevation) within("elevation", elevation, -89, 89);
  for (const double distance : w.distance) within("distance", distance, 1, 10);
  check<ConfigError>(w.elevation[0] <= w.elevation[1] && w.distance[0] <= w.distance[1],
                     "[build] a range goes from its lower to its higher end");
  within("light", w.light, 0, 1);
  within("materials", w.materials, 0, 1);
  within("recolor", w.recolor, 0, 1);
  within("variants", w.variants, 0, 1000);
  within("stretch", w.stretch, 0, 4);
  check<ConfigError>(w.variants == 0 || w.stretch > 0 || w.mirror,
                     "[build] variants need --stretch, --mirror or both: else they are copies");
}

std::string description_of(const Widening& w) {
  if (w == Widening{}) return "";
  return fmt::format(
      " elevation {} {} distance {} {} light {} materials {} recolor {} variants {} stretch {} "
      "mirror {}",
      w.elevation[0], w.elevation[1], w.distance[0], w.distance[1], w.light, w.materials, w.recolor,
      w.variants, w.stretch, w.mirror);
}

bool changes_looks(const Widening& widening) {
  Widening shapes;  // what bears on variants alone
  shapes.variants = widening.variants;
  shapes.stretch = widening.stretch;
  shapes.mirror = widening.mirror;
  return widening != shapes;
}

RenderStyle draw_appearance(Mesh& mesh, const Widening& widening, Rng& rng) {
  RenderStyle style;
  if (widening.light > 0) style.lighting = random_lighting(widening.light, rng);
  if (widening.materials == 0 && widening.recolor == 0) return style;
  if (mesh.colors.empty()) mesh.colors.assign(mesh.triangles.size(), {0.5f, 0.5f, 0.5f});
  struct Part {
    Color color;
    std::uint16_t pattern;
  };
  std::map<Color, Part> parts;
  constexpr std::size_t most = 1000;  // a picture's colours are no parts
  style.patterns.emplace_back();
  style.pattern_of_triangle.resize(mesh.triangles.size());
  for (std::size_t i = 0; i < mesh.triangles.size(); ++i) {
    const auto known = parts.find(mesh.colors[i]);
    if (known == parts.end() && parts.size() >= most) continue;
    const auto [part, is_new] = parts.try_emplace(mesh.colors[i], Part{mesh.colors[i], 0});
    if (is_new) {
      if (rng.uniform() < widening.recolor) part->second.color = random_color(rng);
      if (rng.uniform() < widening.materials) {
        part->second.pattern = std::uint16_t(style.patterns.size());
        style.patterns.push_back(random_pattern(rng));
      }
    }
    mesh.colors[i] = part->second.color;
    style.pattern_of_triangle[i] = part->second.pattern;
  }
  return style;
}

void derive_shape(Mesh& mesh, const Widening& widening, int variant, Rng& rng) {
  Vec3 factor;
  const double reach = std::log(1 + widening.stretch);
  for (double& f : factor) f = std::exp(rng.uniform(-reach, reach));
  const bool mirrored = widening.mirror && variant % 2 == 1;
  if (mirrored) factor[0] = -factor[0];
  for (Vec3& vertex : mesh.vertices)
    for (std::size_t axis = 0; axis < 3; ++axis) vertex[axis] *= factor[axis];
  if (mirrored)
    for (auto& triangle : mesh.triangles) std::swap(triangle[1], triangle[2]);
}

}  // namespace voxgrad
