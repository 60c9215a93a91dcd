#include "datasets/synth/legs.h"

#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

void leg(Shaper& s, const Vec3& top, const Vec3& foot, const LegStyle& style) {
  const double t = style.thickness;
  if (style.round) {
    s.rod(foot, top, t / 2 * style.taper, t / 2);
    return;
  }
  const auto outline = [&](const Vec3& at, double side) {
    return Path{{at[0] - side / 2, at[1], at[2] - side / 2},
                {at[0] + side / 2, at[1], at[2] - side / 2},
                {at[0] + side / 2, at[1], at[2] + side / 2},
                {at[0] - side / 2, at[1], at[2] + side / 2}};
  };
  s.loft({outline(foot, t * style.taper), outline(top, t)});
}

}  // namespace

LegStyle draw_legs(Draw& d, double low, double high) {
  LegStyle style;
  style.thickness = d.real(low, high);
  style.round = d.chance(0.4);
  style.taper = d.chance(0.4) ? d.real(0.4, 0.9) : 1;
  style.splay = d.chance(0.35) ? d.real(0.02, 0.1) : 0;
  style.inset = d.chance(0.3) ? d.real(0, 0.06) : 0;
  style.stretchers = d.chance(0.4) ? d.integer(1, 3) : 0;
  style.stretcher_height = d.real(0.12, 0.55);
  return style;
}

void four_legs(Shaper& s, const Footprint& at, const LegStyle& style) {
  const double half = style.thickness / 2 + style.inset;
  const double x = at.width / 2 - half, z = at.depth / 2 - half;
  const auto point = [&](int side, int end, double share) {  // share of the height
    const double out = style.splay * (1 - share);
    return Vec3{side * (x + out), share * at.height, at.z + end * (z + out)};
  };
  for (const int side : {-1, 1})
    for (const int end : {-1, 1}) leg(s, point(side, end, 1), point(side, end, 0), style);
  const double h = style.stretcher_height, t = style.thickness * 0.7;
  if (style.stretchers == 0) return;
  for (const int side : {-1, 1}) s.beam(point(side, -1, h), point(side, 1, h), t, t);
  if (style.stretchers == 1)
    for (const int end : {-1, 1}) s.beam(point(-1, end, h), point(1, end, h), t, t);
  if (style.stretchers == 2) {
    Vec3 a = point(-1, 1, h), b = point(1, 1, h);
    a[2] = b[2] = at.z;
    s.beam(a, b, t, t);
  }
}

void side_supports(Shaper& s, const Footprint& at, int kind, double t) {
  const double z0 = at.z - at.depth / 2, z1 = at.z + at.depth / 2, h = at.height;
  for (const int side : {-1, 1}) {
    const double x = side * (at.width / 2 - t / 2), in = x - side * t / 2, out = x + side * t / 2;
    if (kind == 0) {
      s.box({in, 0, z0}, {out, h, z1});
    } else if (kind == 1) {
      s.box({in, 0, z0}, {out, h, z0 + t});
      s.box({in, 0, z1 - t}, {out, h, z1});
      s.box({in, 0, z0 + t}, {out, t, z1 - t});
      s.box({in, h - t, z0 + t}, {out, h, z1 - t});
    } else if (kind == 2) {
      s.beam({x, t / 2, z0 + t / 2}, {x, h - t / 2, z1 - t / 2}, t, t);
      s.beam({x, t / 2, z1 - t / 2}, {x, h - t / 2, z0 + t / 2}, t, t);
    } else {
      s.box({in, 0, z0}, {out, 1.3 * t, z1});
      s.box({in, 1.3 * t, at.z - t}, {out, h - t, at.z + t});
      s.box({in, h - t, z0 + at.depth * 0.1}, {out, h, z1 - at.depth * 0.1});
    }
  }
  if (kind >= 2)
    s.box({-at.width / 2 + t, h * 0.45, at.z - t / 2},
          {at.width / 2 - t, h * 0.45 + t, at.z + t / 2});
}

void pedestal(Shaper& s, Draw& d, const Vec3& top, double reach, double radius, int kind) {
  const double foot = kind == 2 ? 0.09 : 0;
  const Vec3 base{top[0], foot, top[2]};
  if (kind == 0) {
    s.lathe({top[0], 0, top[2]},
            {{reach, 0}, {reach, 0.015}, {reach * 0.85, 0.03}, {radius, 0.05}});
  } else if (kind == 3) {
    s.lathe({top[0], 0, top[2]},
            {{reach, 0}, {reach * 0.6, top[1] * 0.12}, {radius, top[1] * 0.5}});
  } else {
    const int arms = d.integer(3, 5);
    const double turn = d.real(0, 360);
    for (int i = 0; i < arms; ++i) {
      const Vec3 tip = turned({0, foot + 0.02, reach}, turn + 360.0 * i / arms);
      const Vec3 end{top[0] + tip[0], tip[1], top[2] + tip[2]};
      s.beam({top[0], foot + (kind == 1 ? top[1] * 0.18 : 0.05), top[2]}, end, radius * 1.3,
             radius * 1.3);
      if (kind == 2) s.ball({end[0], 0.045, end[2]}, {0.03, 0.045, 0.03}, 10);
    }
  }
  s.rod(base, top, radius, radius * d.real(0.6, 1));
}

void turned_leg(Shaper& s, Draw& d, const Vec3& foot, double height, double radius) {
  std::vector<std::array<double, 2>> profile;
  const int steps = d.integer(4, 8);
  for (int i = 0; i <= steps; ++i)
    profile.push_back({radius * (i == steps ? 1 : d.real(0.45, 1.1)), height * i / steps});
  s.lathe(foot, profile, 10);
}

}  // namespace voxgrad
