// Chairs: dining and office chairs, stools, armchairs, cantilever, folding and rocking chairs.
#include <algorithm>

#include "datasets/synth/families.h"
#include "datasets/synth/legs.h"
#include "datasets/synth/palette.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

struct Chair {
  double width, depth, seat_height, seat_thickness;
  double back_height, tilt;  // above the seat; how far its top stands behind
  bool round_seat = false;
  Color frame, soft;
};

Chair draw_chair(Draw& d) {
  Chair c;
  c.width = d.real(0.38, 0.56);
  c.depth = d.real(0.38, 0.54);
  c.seat_height = d.real(0.38, 0.5);
  c.seat_thickness = d.chance(0.6) ? d.real(0.02, 0.05) : d.real(0.05, 0.12);
  c.back_height = d.chance(0.25) ? d.real(0.25, 0.4) : d.real(0.38, 0.72);
  c.tilt = d.chance(0.7) ? d.real(0.02, 0.16) : 0;
  c.round_seat = d.chance(0.12);
  c.frame = d.chance(0.65) ? wood_color(d) : d.chance(0.6) ? metal_color(d) : plastic_color(d);
  c.soft = d.chance(0.35) ? shaded(c.frame, d.real(0.8, 1.2)) : fabric_color(d);
  return c;
}

void seat(Shaper& s, Draw& d, const Chair& c) {
  const double y0 = c.seat_height - c.seat_thickness, y1 = c.seat_height;
  s.color(c.soft);
  if (c.round_seat) {
    const double r = c.width / 2;
    s.lathe({0, y0, 0}, {{r * 0.96, 0}, {r, c.seat_thickness / 2}, {r * 0.94, c.seat_thickness}},
            20);
    return;
  }
  switch (d.pick({4, 3, 2, 1.5})) {
    case 0:
      s.box({-c.width / 2, y0, -c.depth / 2}, {c.width / 2, y1, c.depth / 2});
      break;
    case 1:
      s.cushion({-c.width / 2, y0, -c.depth / 2}, {c.width / 2, y1, c.depth / 2},
                d.real(0.15, 0.5));
      break;
    case 2: {  // narrower behind
      const double back = c.width / 2 * d.real(0.75, 0.95), front = c.width / 2;
      s.extrude(1,
                {{-back, -c.depth / 2},
                 {back, -c.depth / 2},
                 {front, c.depth / 2},
                 {-front, c.depth / 2}},
                y0, y1);
      break;
    }
    default: {  // slats
      const int slats = d.integer(4, 7);
      const double pitch = c.depth / slats;
      for (int i = 0; i < slats; ++i)
        s.box({-c.width / 2, y1 - 0.022, -c.depth / 2 + i * pitch},
              {c.width / 2, y1, -c.depth / 2 + (i + 0.75) * pitch});
      for (const int side : {-1, 1})
        s.box({side * c.width / 2, y1 - 0.05, -c.depth / 2},
              {side * (c.width / 2 - 0.03), y1 - 0.022, c.depth / 2});
    }
  }
}

// A point of the back: across -1..1, up 0..1, bulging backwards.
Vec3 back_point(const Chair& c, double across, double up, double curve) {
  return {across * c.width / 2, c.seat_height + up * c.back_height,
          -c.depth / 2 - up * c.tilt - curve * (1 - across * across) + 0.015};
}

// A board of the back between two heights, curved.
void back_board(Shaper& s, const Chair& c, double low, double high, double from, double to,
                double thickness, double curve) {
  constexpr int steps = 8;
  std::vector<Path> sections;
  for (int i = 0; i <= steps; ++i) {
    const double across = from + (to - from) * i / steps;
    Path section;
    for (const auto& [up, behind] : {std::array{low, 0.0}, {high, 0.0}, {high, 1.0}, {low, 1.0}}) {
      Vec3 point = back_point(c, across, up, curve);
      point[2] -= behind * thickness;
      section.push_back(point);
    }
    sections.push_back(section);
  }
  s.loft(sections);
}

void posts(Shaper& s, const Chair& c, double thickness, bool round, double curve) {
  for (const int side : {-1, 1}) {
    const double x = 1 - thickness / c.width;
    Vec3 low = back_point(c, side * x, 0, curve), high = back_point(c, side * x, 1, curve);
    low[1] -= c.seat_thickness;
    if (round)
      s.rod(low, high, thickness / 2);
    else
      s.beam(low, high, thickness, thickness);
  }
}

void back(Shaper& s, Draw& d, const Chair& c) {
  const double t = d.real(0.022, 0.045), curve = d.chance(0.5) ? d.real(0, 0.09) : 0;
  const int kind = d.pick({3, 3, 3, 2, 2, 1.5, 1, 1});
  s.color(c.frame);
  switch (kind) {
    case 0: {  // one board, from the seat or above a gap
      const bool gap = d.chance(0.5);
      s.color(d.chance(0.6) ? c.soft : c.frame);
      back_board(s, c, gap ? d.real(0.2, 0.55) : 0, 1, -0.95, 0.95,
                 d.chance(0.4) ? d.real(0.05, 0.1) : t, curve);
      s.color(c.frame);
      if (gap) posts(s, c, t, d.chance(0.5), curve);
      break;
    }
    case 1: {  // upright slats
      posts(s, c, t * 1.2, false, curve);
      const int slats = d.integer(2, 7);
      const double half = d.real(0.25, 0.6) / slats, low = d.chance(0.5) ? d.real(0.05, 0.3) : 0;
      back_board(s, c, 1 - d.real(0.08, 0.2), 1, -0.95, 0.95, t, curve);
      if (low > 0) back_board(s, c, low - 0.04, low + 0.04, -0.95, 0.95, t * 0.8, curve);
      for (int i = 0; i < slats; ++i) {
        const double middle = -0.8 + 1.6 * (i + 0.5) / slats;
        back_board(s, c, low, 0.95, middle - half, middle + half, t * 0.5, curve);
      }
      break;
    }
    case 2: {  // ladder
      posts(s, c, t * 1.2, d.chance(0.5), curve);
      const int rungs = d.integer(2, 5);
      const double share = d.real(0.3, 0.7);
      for (int i = 0; i < rungs; ++i) {
        const double high = 1 - double(i) / rungs * 0.85;
        back_board(s, c, high - share * 0.8 / rungs, high, -0.93, 0.93, t * 0.7, curve);
      }
      break;
    }
    case 3: {  // a frame with a cushion
      posts(s, c, t, d.chance(0.5), 0);
      const double low = d.real(0.1, 0.4);
      s.color(c.soft);
      s.moved(
          [&](const Vec3& p) {
            return Vec3{p[0], p[1], p[2] - c.tilt * (p[1] - c.seat_height) / c.back_height};
          },
          [&] {
            s.cushion(
                {-c.width * 0.46, c.seat_height + low * c.back_height, -c.depth / 2 - 0.02},
                {c.width * 0.46, c.seat_height + c.back_height, -c.depth / 2 + d.real(0.03, 0.09)},
                d.real(0.15, 0.6));
          });
      break;
    }
    case 4: {  // a hoop with spindles
      Path hoop;
      const int steps = 14;
      for (int i = 0; i <= steps; ++i) {
        const double angle = std::acos(-1.0) * i / steps;
        const double up = std::pow(std::sin(angle), 0.7);
        hoop.push_back(back_point(c, -0.95 * std::cos(angle), up, curve));
      }
      s.tube(hoop, t * 0.5);
      const int spindles = d.integer(3, 8);
      for (int i = 0; i < spindles; ++i) {
        const double across = -0.75 + 1.5 * (i + 0.5) / spindles;
        const double up = std::pow(std::sqrt(1 - across * across), 0.7);
        s.rod(back_point(c, across * 0.9, 0, 0), back_point(c, across, up, curve), t * 0.3);
      }
      break;
    }
    case 5:  // crossed
      posts(s, c, t, false, 0);
      back_board(s, c, 0.86, 1, -0.95, 0.95, t, 0);
      back_board(s, c, 0.08, 0.2, -0.95, 0.95, t, 0);
      for (const int side : {-1, 1})
        s.beam(back_point(c, -0.85 * side, 0.18, 0), back_point(c, 0.85 * side, 0.88, 0), t * 0.7,
               t);
      break;
    case 6:  // a low rail
      posts(s, c, t, true, curve);
      back_board(s, c, 0.6, 1, -1, 1, t, std::max(curve, 0.04));
      break;
    default:  // an oval plate
      posts(s, c, t * 0.8, true, 0);
      s.color(c.soft);
      s.moved(
          [&](const Vec3& p) {
            const double up = p[1] / c.back_height;
            return Vec3{p[0], c.seat_height + p[1], -c.depth / 2 - up * c.tilt + p[2]};
          },
          [&] {
            s.moved(
                [&](const Vec3& p) {
                  return Vec3{p[0], p[1] + c.back_height * 0.62, p[2]};
                },
                [&] { s.extrude(2, oval(c.width * 0.47, c.back_height * 0.4), -0.02, 0.02); });
          });
  }
}

void arms(Shaper& s, Draw& d, const Chair& c) {
  const double h = c.seat_height + d.real(0.16, 0.27), t = d.real(0.022, 0.05);
  const double front = c.depth / 2 * d.real(0.3, 0.95), behind = -c.depth / 2;
  const int kind = d.pick({3, 2, 1.5, 1});
  s.color(d.chance(0.8) ? c.frame : c.soft);
  for (const int side : {-1, 1}) {
    const double x = side * (c.width / 2 + t / 2);
    if (kind == 0) {
      s.box({x - t / 2, h - t, behind - c.tilt * 0.4}, {x + t / 2, h, front});
      s.beam({x, c.seat_height - c.seat_thickness, front - t}, {x, h - t, front - t}, t, t);
    } else if (kind == 1) {
      s.tube({{x, c.seat_height - 0.02, front * 0.8},
              {x, h - 0.04, front},
              {x, h, front - 0.05},
              {x, h, behind * 0.8},
              {x, h - 0.05, behind}},
             t * 0.45);
    } else if (kind == 2) {
      s.box({x - t / 2, c.seat_height - c.seat_thickness, behind}, {x + t / 2, h, front});
    } else {
      s.cushion({x - t, h - t, behind * 0.7}, {x + t, h + t * 0.4, front * 0.8}, 0.4);
      s.beam({x, c.seat_height - 0.03, 0}, {x, h, 0}, t * 1.4, t);
    }
  }
}

void cantilever(Shaper& s, Draw& d, const Chair& c) {
  const double r = d.real(0.011, 0.02), z = c.depth / 2, h = c.seat_height - c.seat_thickness / 2;
  const double top = c.seat_height + c.back_height;
  s.color(metal_color(d));
  for (const int side : {-1, 1}) {
    const double x = side * (c.width / 2 - r);
    s.tube({{x, r, -z},
            {x, r, z - 0.03},
            {x, 0.03 + r, z},
            {x, h - 0.03, z},
            {x, h, z - 0.03},
            {x, h, -z + 0.04},
            {x, h + 0.04, -z},
            {x, top, -z - c.tilt}},
           r);
  }
  s.rod({-c.width / 2, r, -z}, {c.width / 2, r, -z}, r);
  s.color(c.soft);
  back_board(s, c, d.real(0.25, 0.55), 1, -0.95, 0.95, 0.03, 0);
  s.box({-c.width / 2, h, -z}, {c.width / 2, h + c.seat_thickness * 0.7, z});
}

void office(Shaper& s, Draw& d, Chair c) {
  c.seat_height = d.real(0.44, 0.54);
  c.seat_thickness = d.real(0.05, 0.1);
  s.color(d.chance(0.5) ? grey(d.real(0.04, 0.2)) : metal_color(d));
  pedestal(s, d, {0, c.seat_height - c.seat_thickness, 0}, d.real(0.24, 0.34), d.real(0.02, 0.035),
           d.pick({1, 0.5, 5, 0}));
  const Color frame = c.frame = plastic_color(d);
  seat(s, d, c);
  s.color(frame);
  const double low = d.real(0.05, 0.35);
  s.beam({0, c.seat_height - 0.04, -c.depth / 2 + 0.03}, back_point(c, 0, low + 0.15, 0), 0.07,
         0.03);
  s.color(c.soft);
  back_board(s, c, low, 1, -0.9, 0.9, d.real(0.03, 0.09), d.real(0, 0.07));
  if (d.chance(0.25)) back_board(s, c, 1.08, 1.3, -0.5, 0.5, 0.06, 0.02);
  if (d.chance(0.6)) arms(s, d, c);
}

void tub(Shaper& s, Draw& d, Chair c) {  // an armchair of cushions or a shell
  c.width = d.real(0.6, 0.95);
  c.depth = d.real(0.55, 0.85);
  const double legs = d.chance(0.7) ? d.real(0.05, 0.2) : 0, arm = d.real(0.08, 0.2);
  const double seat_top = legs + d.real(0.22, 0.34), arm_top = seat_top + d.real(0.08, 0.25);
  const double top = seat_top + d.real(0.3, 0.55), x = c.width / 2, z = c.depth / 2;
  s.color(c.frame);
  if (legs > 0) four_legs(s, {c.width * 0.9, c.depth * 0.9, legs + 0.01}, draw_legs(d, 0.03, 0.06));
  const double round = d.chance(0.5) ? d.real(0.1, 0.5) : 0.06;
  s.color(c.soft);
  s.cushion({-x + arm * 0.7, legs, -z}, {x - arm * 0.7, seat_top - 0.08, z}, 0.06);
  for (const int side : {-1, 1})
    s.cushion({side * x, legs, -z}, {side * (x - arm), arm_top, z * d.real(0.9, 1)}, round);
  s.cushion({-x + (d.chance(0.5) ? 0 : arm * 0.5), legs, -z},
            {x - (d.chance(0.5) ? 0 : arm * 0.5), top, -z + d.real(0.1, 0.22)}, round);
  s.color(shaded(c.soft, d.real(0.85, 1.15)));
  s.cushion({-x + arm, seat_top - 0.12, -z + 0.12}, {x - arm, seat_top, z}, d.real(0.15, 0.4));
}

void shell(Shaper& s, Draw& d, const Chair& c) {  // a bent plastic or plywood shell
  const double t = d.real(0.012, 0.03), x = c.width / 2, z = c.depth / 2;
  const double side_lift = d.chance(0.5) ? d.real(0.02, 0.2) : 0.01;
  constexpr int steps = 14;
  s.color(d.chance(0.6) ? plastic_color(d) : wood_color(d));
  std::vector<Path> sections;
  for (int i = 0; i <= steps; ++i) {
    const double a = double(i) / steps;  // from the seat's front edge to the back's top
    const double bend = std::min(1.0, std::max(0.0, (a - 0.35) / 0.25));
    const double smooth = bend * bend * (3 - 2 * bend);
    const double y =
        c.seat_height + std::max(0.0, a - 0.47) / 0.53 * c.back_height - 0.03 * (1 - smooth) * a;
    const double at_z = a < 0.5 ? z - 2 * z * (a / 0.5) : -z - c.tilt * (a - 0.5) / 0.5;
    const double half = x * (1 - 0.25 * smooth * (a - 0.4));
    const double normal_y = 1 - smooth, normal_z = smooth;
    Path top, bottom;
    for (int j = -3; j <= 3; ++j) {
      const double u = j / 3.0, lift = side_lift * u * u * (0.4 + 0.6 * std::sin(3.1 * a));
      const Vec3 point{u * half, y + lift * normal_y, at_z + lift * normal_z};
      top.push_back(point);
      bottom.push_back(
          {point[0], point[1] - t * (normal_y + 0.2), point[2] - t * (normal_z + 0.2)});
    }
    top.insert(top.end(), bottom.rbegin(), bottom.rend());
    sections.push_back(top);
  }
  s.loft(sections);
  s.color(c.frame);
  if (d.chance(0.3)) {
    pedestal(s, d, {0, c.seat_height - 0.02, 0}, d.real(0.2, 0.28), 0.02, d.integer(0, 1));
  } else {
    LegStyle style = draw_legs(d, 0.018, 0.035);
    style.round = true;
    style.inset = d.real(0.04, 0.1);
    style.splay = d.real(0.02, 0.12);
    four_legs(s, {c.width, c.depth, c.seat_height - 0.01}, style);
  }
}

void stool(Shaper& s, Draw& d, Chair c) {
  const bool bar = d.chance(0.55);
  c.seat_height = bar ? d.real(0.6, 0.85) : d.real(0.35, 0.5);
  c.width = d.real(0.28, 0.42);
  c.depth = d.chance(0.7) ? c.width : c.width * d.real(0.7, 1.1);
  c.round_seat = d.chance(0.6);
  seat(s, d, c);
  s.color(c.frame);
  const double height = c.seat_height - c.seat_thickness;
  if (d.chance(0.3)) {
    pedestal(s, d, {0, height, 0}, d.real(0.17, 0.24), d.real(0.018, 0.03), d.pick({3, 1, 1, 1}));
    if (bar) s.ring({0, c.seat_height * 0.4, 0}, {0, 1, 0}, 0.13, 0.01);
    return;
  }
  LegStyle style = draw_legs(d, 0.022, 0.045);
  style.splay = d.chance(0.6) ? d.real(0.03, 0.1) : 0;
  style.inset = c.round_seat ? c.width * 0.13 : style.inset;
  style.stretchers = d.chance(0.8) ? 1 : 0;
  four_legs(s, {c.width, c.depth, height}, style);
  if (style.round && d.chance(0.4))
    s.ring({0, height * 0.35, 0}, {0, 1, 0}, c.width / 2 - style.inset + style.splay * 0.6, 0.009);
}

void folding(Shaper& s, Draw& d, const Chair& c) {
  const double t = d.real(0.02, 0.035), z = c.depth / 2, x = c.width / 2 - t / 2;
  const double top = c.seat_height + c.back_height;
  s.color(c.frame);
  for (const int side : {-1, 1}) {
    s.beam({side * x, t / 2, z}, {side * x, top, -z - c.tilt}, t, t);
    s.beam({side * (x - t), t / 2, -z}, {side * (x - t), c.seat_height, z * 0.9}, t, t);
  }
  for (const double up : {0.15, 0.25})
    s.beam({-x, c.seat_height * up, -z * 0.6}, {x, c.seat_height * up, -z * 0.6}, t * 0.7, t * 0.7);
  s.color(c.soft);
  s.box({-x, c.seat_height - 0.03, -z * 0.8}, {x, c.seat_height, z});
  const double share = (top - 0.12) / top;
  s.moved(
      [&](const Vec3& p) {
        return Vec3{p[0], p[1], p[2] - c.tilt * 0.9 - z * 0.9};
      },
      [&] {
        s.box({-x, share * top, -0.015}, {x, top, 0.015});
        if (d.chance(0.5)) s.box({-x, top - 0.3, 0.03}, {x, top - 0.2, 0.05});
      });
}

}  // namespace

void make_chair(Shaper& s, Draw& d) {
  Chair c = draw_chair(d);
  switch (d.pick({10, 2, 2.5, 2.5, 2.5, 3, 1})) {
    case 1:
      cantilever(s, d, c);
      return;
    case 2:
      office(s, d, c);
      return;
    case 3:
      tub(s, d, c);
      return;
    case 4:
      shell(s, d, c);
      return;
    case 5:
      stool(s, d, c);
      return;
    case 6:
      folding(s, d, c);
      return;
    default:
      break;
  }
  const bool turned_legs = d.chance(0.08);
  seat(s, d, c);
  s.color(c.frame);
  const double height = c.seat_height - c.seat_thickness;
  LegStyle style = draw_legs(d, 0.025, 0.055);
  if (c.round_seat) style.inset = c.width * 0.12;
  if (turned_legs) {
    for (const int side : {-1, 1})
      for (const int end : {-1, 1})
        turned_leg(s, d, {side * (c.width / 2 - 0.03), 0, end * (c.depth / 2 - 0.03)}, height,
                   0.028);
  } else if (d.chance(0.1)) {
    side_supports(s, {c.width, c.depth, height}, d.integer(0, 3), d.real(0.02, 0.04));
  } else {
    four_legs(s, {c.width, c.depth, height}, style);
  }
  if (d.chance(0.25) && !c.round_seat)  // apron
    for (const int end : {-1, 1})
      s.box({-c.width / 2 + 0.02, height - 0.06, end * (c.depth / 2 - 0.015)},
            {c.width / 2 - 0.02, height, end * (c.depth / 2 - 0.035)});
  back(s, d, c);
  if (d.chance(0.3)) arms(s, d, c);
  if (d.chance(0.05)) {  // rockers
    s.color(c.frame);
    for (const int side : {-1, 1}) {
      Path path;
      for (int i = -4; i <= 4; ++i)
        path.push_back({side * (c.width / 2 - 0.02), 0.012 * i * i - 0.02, i * c.depth / 5});
      s.tube(path, 0.016);
    }
  }
}

}  // namespace voxgrad
