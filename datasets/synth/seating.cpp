// Sofas and benches.
#include <algorithm>

#include "datasets/synth/families.h"
#include "datasets/synth/legs.h"
#include "datasets/synth/palette.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

void metal_sofa(Shaper& s, Draw& d) {  // a futon on a frame
  const double x = d.real(0.7, 1.1), z = d.real(0.35, 0.5), h = d.real(0.32, 0.42), t = 0.03;
  const double arm = h + d.real(0.18, 0.3), top = h + d.real(0.35, 0.5);
  s.color(d.chance(0.5) ? metal_color(d) : wood_color(d));
  for (const int side : {-1, 1}) {
    s.beam({side * x, 0, z}, {side * x, arm, z}, t, t);
    s.beam({side * x, 0, -z}, {side * x, arm, -z}, t, t);
    s.beam({side * x, arm, -z}, {side * x, arm, z}, t * 1.5, t);
    s.beam({side * x, 0.12, -z}, {side * x, 0.12, z}, t, t);
    if (d.chance(0.5))
      for (int i = 1; i < 5; ++i)
        s.beam({side * x, 0.12, -z + i * 0.4 * z}, {side * x, arm, -z + i * 0.4 * z}, 0.015, 0.015);
  }
  s.beam({-x, h - 0.1, z * 0.9}, {x, h - 0.1, z * 0.9}, t, t);
  s.beam({-x, h - 0.1, -z * 0.9}, {x, h - 0.1, -z * 0.9}, t, t);
  const Color soft = fabric_color(d);
  s.color(soft);
  s.cushion({-x + 0.03, h - 0.1, -z * 0.7}, {x - 0.03, h + 0.03, z}, 0.15);
  s.moved(
      [&](const Vec3& p) {
        return Vec3{p[0], p[1], p[2] - (p[1] - h) * 0.25};
      },
      [&] {
        s.cushion({-x + 0.03, h - 0.05, -z}, {x - 0.03, top, -z * 0.65}, 0.15);
      });
}

}  // namespace

void make_sofa(Shaper& s, Draw& d) {
  if (d.chance(0.1)) return metal_sofa(s, d);
  const int seats = d.pick({0, 1.2, 4, 4, 1});
  const double unit = d.real(0.5, 0.72), arm = d.chance(0.9) ? d.real(0.08, 0.28) : 0;
  const double width = seats * unit + 2 * arm, x = width / 2, depth = d.real(0.75, 1.05),
               z = depth / 2;
  const double legs = d.chance(0.7) ? d.real(0.03, 0.18) : 0;
  const double seat_top = legs + d.real(0.28, 0.42), top = seat_top + d.real(0.25, 0.55);
  const double arm_top = std::min(top, seat_top + d.real(0.05, 0.32)), back = d.real(0.14, 0.28);
  const double base_top = seat_top - d.real(0.1, 0.18),
               round = d.chance(0.45) ? d.real(0.15, 0.45) : 0.05;
  const Color soft = fabric_color(d),
              pads = d.chance(0.6) ? soft : shaded(soft, d.real(0.75, 1.25));
  const double tilt = d.chance(0.4) ? d.real(0.05, 0.2) : 0;
  s.color(d.chance(0.6) ? wood_color(d) : metal_color(d));
  if (legs > 0) {
    LegStyle style = draw_legs(d, 0.035, 0.07);
    style.stretchers = 0;
    style.splay = 0;
    four_legs(s, {width * 0.96, depth * 0.94, legs + 0.02}, style);
  }
  s.color(soft);
  s.cushion({-x + arm * 0.6, legs, -z}, {x - arm * 0.6, base_top, z * d.real(0.92, 1)}, 0.05);
  s.moved(
      [&](const Vec3& p) {
        return Vec3{p[0], p[1], p[2] - tilt * std::max(0.0, p[1] - base_top)};
      },
      [&] {
        s.cushion({-x + arm * 0.3, legs, -z}, {x - arm * 0.3, top, -z + back}, round);
      });
  const int arm_kind = d.pick({4, 1.5, 1.5});
  for (const int side : {-1, 1}) {
    if (arm == 0 || (seats == 2 && d.chance(0.06))) continue;
    const double in = side * (x - arm), out = side * x;
    if (arm_kind == 0) {
      s.cushion({in, legs, -z}, {out, arm_top, z}, round);
    } else if (arm_kind == 1) {  // rolled
      const double r = arm * 0.6;
      s.box({in, legs, -z}, {out, arm_top - r, z});
      s.rod({(in + out) / 2, arm_top - r, -z}, {(in + out) / 2, arm_top - r, z}, r, r, 14);
    } else {  // sloping
      s.loft(
          {{{in, legs, -z}, {out, legs, -z}, {out, top, -z}, {in, top, -z}},
           {{in, legs, z}, {out, legs, z}, {out, seat_top + 0.04, z}, {in, seat_top + 0.04, z}}});
    }
  }
  s.color(pads);
  const bool one_pad = d.chance(0.25), back_pads = d.chance(0.6);
  const int count = one_pad ? 1 : seats;
  const double pitch = seats * unit / count;
  for (int i = 0; i < count; ++i) {
    const double x0 = -seats * unit / 2 + i * pitch, x1 = x0 + pitch - (count > 1 ? 0.01 : 0);
    s.cushion({x0, base_top - 0.02, -z + back * 0.7}, {x1, seat_top, z}, d.real(0.12, 0.3));
    if (back_pads)
      s.moved(
          [&](const Vec3& p) {
            return Vec3{p[0], p[1], p[2] - 0.25 * (p[1] - seat_top)};
          },
          [&] {
            s.cushion({x0 + 0.02, seat_top - 0.03, -z + back},
                      {x1 - 0.02, top + d.real(-0.08, 0.06), -z + back + 0.17}, d.real(0.2, 0.5));
          });
  }
  if (seats >= 2 && d.chance(0.22)) {  // a chaise or a corner
    const double side = d.chance(0.5) ? 1 : -1, reach = d.real(0.5, 1.1);
    const double a = side * (x - unit - arm * (d.chance(0.5) ? 1 : 0)), b = side * x;
    s.color(soft);
    s.cushion({a, legs, z - 0.1}, {b, base_top, z + reach}, 0.06);
    s.color(pads);
    s.cushion({a, base_top - 0.02, z - 0.05}, {b, seat_top, z + reach}, 0.15);
    if (d.chance(0.5)) {
      s.color(soft);
      s.cushion({b - side * back, legs, z - 0.2}, {b, top, z + reach}, round);
    }
  }
  if (d.chance(0.3)) {
    s.color(fabric_color(d));
    for (const int side : {-1, 1})
      s.moved(
          [&](const Vec3& p) {
            return Vec3{p[0] + side * (seats * unit / 2 - 0.25), p[1] + seat_top + 0.15,
                        p[2] - z + back + 0.22 - 0.3 * p[1]};
          },
          [&] {
            s.cushion({-0.2, -0.18, -0.07}, {0.2, 0.18, 0.07}, 0.7);
          });
  }
}

void make_bench(Shaper& s, Draw& d) {
  const double width = d.real(0.9, 2.0), depth = d.real(0.3, 0.55), h = d.real(0.38, 0.5);
  const double x = width / 2, z = depth / 2, t = d.real(0.02, 0.06);
  const Color board = wood_color(d), frame = d.chance(0.5) ? board : metal_color(d);
  s.color(board);
  const bool slats = d.chance(0.6);
  const int count = d.integer(3, 6);
  const double pitch = depth / count, share = d.real(0.6, 0.85);
  if (slats) {
    for (int i = 0; i < count; ++i)
      s.box({-x, h - t, -z + i * pitch}, {x, h, -z + (i + share) * pitch});
  } else if (d.chance(0.3)) {
    s.color(fabric_color(d));
    s.cushion({-x, h - t * 2, -z}, {x, h, z}, 0.2);
  } else {
    s.box({-x, h - t, -z}, {x, h, z});
  }
  const bool has_back = d.chance(0.6);
  const double top = h + d.real(0.3, 0.5), tilt = d.real(0.03, 0.15);
  s.color(frame);
  const double out = d.chance(0.5) ? 0 : d.real(0.05, 0.25);
  const Footprint at{width - 2 * out, depth, h - t + 0.002};
  const int kind = d.pick({3, 3, 1});
  if (kind == 0) {
    LegStyle style = draw_legs(d, 0.035, 0.09);
    style.splay = d.chance(0.2) ? style.splay : 0;
    four_legs(s, at, style);
  } else if (kind == 1) {
    side_supports(s, at, d.integer(0, 3), d.real(0.03, 0.09));
  } else {
    for (const int side : {-1, 1})
      s.frustum({side * x * 0.7 - 0.12, 0, -z * 0.9}, {side * x * 0.7 + 0.12, h - t, z * 0.9}, 0.8,
                0.8);
  }
  if (has_back) {
    for (const double side : {-1.0, 0.0, 1.0}) {
      if (side == 0 && d.chance(0.5)) continue;
      s.beam({side * (x - out - 0.03), h - t, -z}, {side * (x - out - 0.03), top, -z - tilt}, 0.04,
             0.04);
    }
    s.color(board);
    const int rails = d.integer(1, 4);
    for (int i = 0; i < rails; ++i) {
      const double up = 0.2 + 0.8 * (i + 1) / rails, y = h + (top - h) * up,
                   low = y - (top - h) * 0.5 / rails;
      const double at_z = -z - tilt * up;
      s.box({-x, low, at_z}, {x, y, at_z + 0.025});
    }
    if (rails == 1 && d.chance(0.5))
      for (int i = 0; i < 12; ++i) {
        const double at_x = -x + width * (i + 0.5) / 12;
        s.beam({at_x, h, -z}, {at_x, top - 0.05, -z - tilt * 0.95}, 0.025, 0.02);
      }
  }
  if (d.chance(has_back ? 0.6 : 0.1)) {
    s.color(frame);
    for (const int side : {-1, 1}) {
      const double at_x = side * (x - 0.03), y = h + d.real(0.18, 0.25);
      s.box({at_x - 0.025, y - 0.03, -z}, {at_x + 0.025, y, z});
      s.box({at_x - 0.02, h - 0.05, z - 0.05}, {at_x + 0.02, y - 0.03, z - 0.01});
    }
  }
}

}  // namespace voxgrad
