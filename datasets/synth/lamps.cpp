// Lamps: table, floor, desk and hanging lamps, chandeliers, lanterns, street lamps.
#include "datasets/synth/families.h"
#include "datasets/synth/legs.h"
#include "datasets/synth/palette.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

// A shade of some thickness, open below and above or closed: kind 0 cone, 1 drum, 2 bowl (open
// above), 3 globe, 4 pyramid, 5 bell. `y` is its lower edge.
void shade(Shaper& s, Draw& d, const Vec3& at, double radius, double height, int kind) {
  s.color(d.chance(0.6) ? from_hsv(d.real(0.05, 0.15), d.real(0, 0.3), d.real(0.8, 0.98))
                        : any_color(d));
  const double r = radius;
  switch (kind) {
    case 0:
      s.lathe(at, {{r, 0}, {r * d.real(0.3, 0.65), height}}, 18);
      break;
    case 1:
      s.lathe(at, {{r, 0}, {r, height}}, 20);
      break;
    case 2:
      s.lathe(at, {{r * 0.2, 0}, {r * 0.6, height * 0.3}, {r * 0.85, height * 0.65}, {r, height}},
              18);
      break;
    case 3:
      s.ball({at[0], at[1] + r, at[2]}, {r, r * d.real(0.7, 1), r}, 18);
      break;
    case 4:
      s.frustum({at[0] - r, at[1], at[2] - r}, {at[0] + r, at[1] + height, at[2] + r}, 0.45, 0.45);
      break;
    default:
      s.lathe(at, {{r, 0}, {r * 0.92, height * 0.25}, {r * 0.6, height * 0.7}, {r * 0.25, height}},
              18);
  }
}

int shade_kind(Draw& d) {
  return d.pick({4, 3, 0.7, 1, 1, 1.2});
}

void table_lamp(Shaper& s, Draw& d) {
  const double body = d.real(0.15, 0.4), r = d.real(0.04, 0.13), shade_r = d.real(0.1, 0.24);
  const double foot_r = r * d.real(0.8, 1.5);
  s.color(any_color(d));
  const int kind = d.pick({3, 2, 1.5, 1, 1});
  if (kind == 0) {  // turned
    std::vector<std::array<double, 2>> profile{{foot_r, 0}, {foot_r, 0.015}};
    const int steps = d.integer(3, 6);
    for (int i = 1; i <= steps; ++i)
      profile.push_back({r * d.real(0.25, 1), 0.02 + body * i / (steps + 1)});
    profile.push_back({0.015, body});
    s.lathe({0, 0, 0}, profile, 18);
  } else if (kind == 1) {  // a vase
    s.lathe({0, 0, 0},
            {{r * 0.6, 0},
             {r, body * 0.35},
             {r * 0.8, body * 0.65},
             {r * 0.3, body * 0.9},
             {0.015, body}},
            18);
  } else if (kind == 2) {  // a rod on a foot
    if (d.chance(0.5))
      s.lathe({0, 0, 0}, {{foot_r, 0}, {foot_r, 0.02}}, 20);
    else
      s.box({-foot_r, 0, -foot_r}, {foot_r, 0.025, foot_r});
    s.rod({0, 0.02, 0}, {0, body, 0}, d.real(0.008, 0.025));
  } else if (kind == 3) {  // balls
    const int balls = d.integer(2, 4);
    s.lathe({0, 0, 0}, {{foot_r, 0}, {foot_r, 0.02}}, 20);
    for (int i = 0; i < balls; ++i)
      s.ball({0, 0.02 + body * (i + 0.5) / balls, 0}, {r * 0.7, body / balls * 0.53, r * 0.7}, 12);
  } else {  // a block
    const double w = r * d.real(0.6, 1.1);
    s.frustum({-w, 0, -w}, {w, body, w}, d.real(0.5, 1), d.real(0.5, 1));
  }
  s.color(metal_color(d));
  s.rod({0, body * 0.9, 0}, {0, body + 0.1, 0}, 0.008);
  shade(s, d, {0, body + d.real(0, 0.04), 0}, shade_r, d.real(0.1, 0.26), shade_kind(d));
}

void floor_lamp(Shaper& s, Draw& d) {
  const double h = d.real(1.2, 1.8), r = d.real(0.008, 0.02);
  s.color(metal_color(d));
  const int kind = d.pick({4, 1.5, 1.5, 1.5});
  if (kind == 1) {  // tripod
    const double reach = d.real(0.2, 0.35), top = h * 0.95;
    s.color(wood_color(d));
    for (int i = 0; i < 3; ++i) {
      const Vec3 foot = turned({0, 0, reach}, 120 * i + 20);
      s.rod(foot, {0, top, 0}, r * 1.2);
    }
    shade(s, d, {0, top - 0.05, 0}, d.real(0.15, 0.3), d.real(0.2, 0.35), shade_kind(d));
    return;
  }
  const double base = d.real(0.1, 0.18);
  if (d.chance(0.8))
    s.lathe({0, 0, 0}, {{base, 0}, {base, 0.02}, {r, 0.04}}, 20);
  else
    s.box({-base, 0, -base}, {base, 0.03, base});
  if (kind == 2) {  // arc
    const double reach = d.real(0.5, 1.1);
    Path path{{0, 0.02, 0}};
    for (int i = 0; i <= 10; ++i) {
      const double a = 0.5 * std::acos(-1.0) * i / 10;
      path.push_back({reach * (1 - std::cos(a)), h * 0.45 + h * 0.5 * std::sin(a), 0});
    }
    path.push_back({reach + 0.05, h * 0.93, 0});
    s.tube(path, r);
    s.rod({reach + 0.05, h * 0.93, 0}, {reach + 0.05, h * 0.85, 0}, r * 0.7);
    shade(s, d, {reach + 0.05, h * 0.72, 0}, d.real(0.12, 0.2), d.real(0.12, 0.2),
          d.chance(0.5) ? 5 : 3);
    return;
  }
  s.rod({0, 0.02, 0}, {0, h, 0}, r);
  if (kind == 3) {  // a bowl that shines upwards
    shade(s, d, {0, h, 0}, d.real(0.1, 0.2), d.real(0.08, 0.15), 2);
    if (d.chance(0.3)) {
      s.color(metal_color(d));
      s.tube({{0, h * 0.6, 0}, {0.15, h * 0.63, 0.1}, {0.25, h * 0.6, 0.15}}, r * 0.7);
      shade(s, d, {0.25, h * 0.53, 0.15}, 0.06, 0.1, 5);
    }
    return;
  }
  shade(s, d, {0, h - d.real(0.05, 0.2), 0}, d.real(0.13, 0.26), d.real(0.18, 0.35), shade_kind(d));
}

void desk_lamp(Shaper& s, Draw& d) {
  const double base = d.real(0.07, 0.11), r = d.real(0.007, 0.013);
  const Color color = any_color(d);
  s.color(color);
  s.lathe({0, 0, 0}, {{base, 0}, {base, 0.02}, {base * 0.5, 0.035}}, 18);
  Vec3 end;
  if (d.chance(0.5)) {  // two straight arms
    const Vec3 elbow{0, d.real(0.25, 0.4), -d.real(0.05, 0.2)};
    end = {0, elbow[1] + d.real(-0.05, 0.2), d.real(0.1, 0.3)};
    s.beam({0, 0.02, 0}, elbow, r * 2, r * 2);
    s.beam(elbow, end, r * 2, r * 2);
    s.ball(elbow, {r * 2, r * 2, r * 2}, 8);
  } else {  // bent
    const double h = d.real(0.3, 0.45), reach = d.real(0.1, 0.22);
    Path path{{0, 0.02, 0}, {0, h * 0.6, 0}};
    for (int i = 1; i <= 8; ++i) {
      const double a = std::acos(-1.0) * i / 8 * 0.8;
      path.push_back({0, h * 0.6 + h * 0.4 * std::sin(a), reach * (1 - std::cos(a))});
    }
    end = path.back();
    s.tube(path, r);
  }
  const Vec3 aim{0, end[1] - d.real(0.08, 0.14), end[2] + d.real(0.02, 0.12)};
  s.color(d.chance(0.7) ? color : any_color(d));
  s.rod(end, aim, 0.03, d.real(0.06, 0.1), 14);
}

void hanging_lamp(Shaper& s, Draw& d) {
  const int lamps = d.pick({0, 5, 1, 1.5, 1});
  const double drop = d.real(0.3, 1.0), spread = lamps > 1 ? d.real(0.15, 0.4) : 0;
  const bool row = d.chance(0.5);
  s.color(metal_color(d));
  const double plate = lamps > 1 ? spread + 0.05 : d.real(0.04, 0.08);
  if (lamps > 1 && row)
    s.box({-plate, 0, -0.04}, {plate, 0.03, 0.04});
  else
    s.lathe({0, 0, 0}, {{plate, 0}, {plate * 0.9, 0.03}}, 18);
  const int kind = shade_kind(d);
  const double radius = lamps > 1 ? d.real(0.06, 0.12) : d.real(0.1, 0.3),
               height = radius * d.real(0.6, 1.5);
  for (int i = 0; i < lamps; ++i) {
    Vec3 at{};
    if (lamps > 1 && row)
      at = {-spread + 2 * spread * i / (lamps - 1), 0, 0};
    else if (lamps > 1)
      at = turned({0, 0, spread}, 360.0 * i / lamps);
    const double length = drop * (lamps > 1 ? d.real(0.6, 1) : 1);
    s.color(grey(0.15));
    s.rod({at[0], 0.01, at[2]}, {at[0], -length, at[2]}, d.real(0.004, 0.012));
    if (i == 0 && lamps == 1 && d.chance(0.12)) {  // a cage
      s.color(metal_color(d));
      const double c = radius;
      for (const int side : {-1, 1}) {
        for (const int end : {-1, 1}) {
          s.beam({side * c, -length, end * c}, {side * c, -length - 2 * c, end * c}, 0.012, 0.012);
          s.beam({side * c, -length - (end + 1) * c, -c}, {side * c, -length - (end + 1) * c, c},
                 0.012, 0.012);
          s.beam({-c, -length - (end + 1) * c, side * c}, {c, -length - (end + 1) * c, side * c},
                 0.012, 0.012);
        }
        s.beam({0, -length, 0}, {side * c, -length, side * c}, 0.01, 0.01);
      }
      s.ball({0, -length - c, 0}, {c * 0.4, c * 0.5, c * 0.4}, 12);
      return;
    }
    const double size = kind == 3 ? 2 * radius : height;
    shade(s, d, {at[0], -length - size, at[2]}, radius, height, kind);
  }
}

void chandelier(Shaper& s, Draw& d) {
  const int arms = d.integer(3, 8);
  const double reach = d.real(0.25, 0.45), drop = d.real(0.3, 0.6), r = d.real(0.008, 0.014);
  s.color(metal_color(d));
  s.lathe({0, 0, 0}, {{0.06, 0}, {0.05, 0.03}}, 14);
  s.rod({0, 0.01, 0}, {0, -drop, 0}, r);
  s.ball({0, -drop, 0}, {0.05, 0.06, 0.05}, 12);
  const bool up = d.chance(0.6), candles = d.chance(0.5);
  const double lift = up ? d.real(0.05, 0.15) : -d.real(0.02, 0.1);
  const Color metal = metal_color(d);
  for (int i = 0; i < arms; ++i) {
    const double turn = 360.0 * i / arms;
    const auto place = [&](double out, double y) { return turned({0, y, out}, turn); };
    s.color(metal);
    s.tube({place(0.02, -drop), place(reach * 0.5, -drop - (up ? 0.08 : -0.05)),
            place(reach, -drop + lift * 0.6), place(reach, -drop + lift)},
           r);
    const Vec3 end = place(reach, -drop + lift);
    if (candles) {
      s.lathe(end, {{0.03, 0}, {0.035, 0.012}}, 10);
      s.color(grey(0.93));
      s.rod(end, {end[0], end[1] + 0.12, end[2]}, 0.012);
    } else {
      shade(s, d, up ? end : Vec3{end[0], end[1] - 0.1, end[2]}, 0.07, 0.1, up ? 2 : 5);
    }
  }
}

void lantern(Shaper& s, Draw& d) {
  const double w = d.real(0.08, 0.15), h = d.real(0.2, 0.4), t = w * d.real(0.12, 0.25);
  s.color(metal_color(d));
  s.box({-w * 1.1, 0, -w * 1.1}, {w * 1.1, t, w * 1.1});
  for (const int side : {-1, 1})
    for (const int end : {-1, 1})
      s.box({side * w, t, end * w}, {side * (w - t * 0.7), h, end * (w - t * 0.7)});
  s.frustum({-w * 1.2, h, -w * 1.2}, {w * 1.2, h + w * d.real(0.4, 1), w * 1.2}, 0.25, 0.25);
  s.color(d.chance(0.5) ? grey(0.93) : from_hsv(0.12, 0.4, 0.95));
  if (d.chance(0.6))
    s.box({-w * 0.8, t, -w * 0.8}, {w * 0.8, h, w * 0.8});
  else
    s.rod({0, t, 0}, {0, h * 0.6, 0}, w * 0.35);
  s.color(metal_color(d));
  if (d.chance(0.5)) s.ring({0, h + w, 0}, {0, 0, 1}, w * 0.5, t * 0.3);
}

void street_lamp(Shaper& s, Draw& d) {
  const double h = d.real(3.0, 5.0), r = d.real(0.04, 0.09);
  s.color(metal_color(d));
  s.lathe({0, 0, 0}, {{r * 2.2, 0}, {r * 2, 0.25}, {r, 0.4}, {r * 0.7, h}}, 12);
  const int kind = d.pick({2, 1.5, 1});
  if (kind == 0) {  // an arm, or two
    const double reach = d.real(0.6, 1.3);
    const bool two = d.chance(0.3);
    for (const int side : {1, -1}) {
      if (side < 0 && !two) break;
      s.color(grey(0.3));
      s.tube({{0, h * 0.97, 0}, {side * reach * 0.4, h * 1.05, 0}, {side * reach, h * 1.06, 0}},
             r * 0.6);
      s.cushion({side * reach - 0.3, h * 1.03, -0.12}, {side * reach + 0.3, h * 1.03 + 0.14, 0.12},
                0.4);
    }
  } else if (kind == 1) {
    shade(s, d, {0, h, 0}, d.real(0.15, 0.3), 0.4, d.chance(0.5) ? 3 : 4);
  } else {
    s.frustum({-0.15, h, -0.15}, {0.15, h + 0.35, 0.15}, 1.5, 1.5);
    s.frustum({-0.26, h + 0.35, -0.26}, {0.26, h + 0.5, 0.26}, 0.2, 0.2);
  }
}

void spots(Shaper& s, Draw& d) {  // a bar with spots, or one on a wall
  const int count = d.integer(1, 4);
  const double x = 0.13 * count;
  s.color(metal_color(d));
  s.box({-x, 0, -0.025}, {x, 0.03, 0.025});
  for (int i = 0; i < count; ++i) {
    const double at = -x + 2 * x * (i + 0.5) / count;
    const Vec3 joint{at, -0.06, 0},
        aim{at + d.real(-0.08, 0.08), -d.real(0.12, 0.2), d.real(-0.08, 0.12)};
    s.rod({at, 0, 0}, joint, 0.008);
    s.rod(joint, aim, 0.03, d.real(0.04, 0.06), 12);
  }
}

}  // namespace

void make_lamp(Shaper& s, Draw& d) {
  switch (d.pick({4, 4, 2, 4, 1.3, 0.8, 0.8, 0.7})) {
    case 0:
      return table_lamp(s, d);
    case 1:
      return floor_lamp(s, d);
    case 2:
      return desk_lamp(s, d);
    case 3:
      return hanging_lamp(s, d);
    case 4:
      return chandelier(s, d);
    case 5:
      return lantern(s, d);
    case 6:
      return street_lamp(s, d);
    default:
      return spots(s, d);
  }
}

}  // namespace voxgrad
