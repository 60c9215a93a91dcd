// Buses, trucks, locomotives, wagons and tanks; motorbikes and bicycles.
#include "datasets/synth/families.h"
#include "datasets/synth/palette.h"
#include "datasets/synth/vehicles.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

void windows(Shaper& s, double half_width, double y0, double y1, double z0, double z1, int count,
             double gap) {
  const double pitch = (z1 - z0) / count;
  for (int i = 0; i < count; ++i)
    for (const int side : {-1, 1})
      s.box({side * (half_width - 0.02), y0, z0 + i * pitch + gap},
            {side * (half_width + 0.015), y1, z0 + (i + 1) * pitch - gap});
}

void bus(Shaper& s, Draw& d) {
  const double w = d.real(1.15, 1.3), length = d.real(6, 13),
               h = d.chance(0.15) ? 4.1 : d.real(2.8, 3.4);
  const double z1 = length / 2, low = 0.35, r = 0.48, cut = d.real(0.08, 0.35);
  const Color body = paint_color(d), glass = glass_color(d);
  s.color(body);
  const double lean = d.real(0, 0.35);
  s.loft({body_section(-z1, w, low, h - cut * 0.3, cut), body_section(-z1 + 0.2, w, low, h, cut),
          body_section(z1 - lean - 0.1, w, low, h, cut),
          body_section(z1, w * 0.97, low, h * 0.8, cut)});
  s.color(glass);
  const double belt = d.real(1.2, 1.6);
  if (h > 4) windows(s, w, 2.6, 3.6, -z1 + 0.3, z1 - 0.5, d.integer(4, 8), 0.06);
  windows(s, w, belt, h > 4 ? 2.2 : h - 0.5, -z1 + 0.4, z1 - 0.6, d.integer(4, 9),
          d.real(0.03, 0.12));
  s.box({-w * 0.85, belt - 0.1, z1 - 0.3}, {w * 0.85, h * 0.8 - 0.1, z1 + 0.01});
  if (d.chance(0.4)) {
    s.color(paint_color(d));
    s.box({-w - 0.01, 0.75, -z1 + 0.1}, {w + 0.01, 1.0, z1 - 0.1});
  }
  axle(s, w * 1.01, r, z1 - length * 0.2, 0.3, grey(0.5));
  axle(s, w * 1.01, r, -z1 + length * 0.25, 0.3, grey(0.5));
  if (d.chance(0.3)) axle(s, w * 1.01, r, -z1 + length * 0.25 + 1.1, 0.3, grey(0.5));
  s.color(grey(0.12));
  if (d.chance(0.5))
    for (const int side : {-1, 1})
      s.box({side * w, h * 0.6, z1}, {side * (w + 0.2), h * 0.6 + 0.35, z1 + 0.12});
  if (d.chance(0.4)) s.box({-w * 0.6, h - 0.02, -z1 * 0.4}, {w * 0.6, h + 0.25, z1 * 0.2});
}

double cab(Shaper& s, Draw& d, double w, double z1, double chassis) {  // returns where it ends
  const double h = chassis + d.real(1.6, 2.4), length = d.real(1.5, 2.2);
  const Color body = paint_color(d), glass = glass_color(d);
  double front = z1;
  s.color(body);
  if (d.chance(0.4)) {  // with a bonnet
    const double hood = d.real(0.8, 1.5);
    s.loft({body_section(z1 - hood - 0.1, w * 0.8, chassis - 0.3, chassis + 0.9, 0.15),
            body_section(z1, w * 0.7, chassis - 0.3, chassis + 0.65, 0.2)});
    front = z1 - hood;
  }
  const double lean = d.real(0, 0.4);
  s.loft({body_section(front - length, w, chassis - 0.3, h, 0.12),
          body_section(front - lean - 0.05, w, chassis - 0.3, h, 0.12),
          body_section(front, w * 0.98, chassis - 0.3, chassis + 0.9, 0.12)});
  s.color(glass);
  s.loft({{{-w * 0.85, h - 0.2, front - lean - 0.06},
           {w * 0.85, h - 0.2, front - lean - 0.06},
           {w * 0.85, h - 0.2, front - lean - 0.03},
           {-w * 0.85, h - 0.2, front - lean - 0.03}},
          {{-w * 0.88, chassis + 0.95, front - 0.08},
           {w * 0.88, chassis + 0.95, front - 0.08},
           {w * 0.88, chassis + 0.95, front + 0.01},
           {-w * 0.88, chassis + 0.95, front + 0.01}}});
  for (const int side : {-1, 1})
    s.box({side * (w - 0.03), chassis + 0.9, front - lean - 0.9},
          {side * (w + 0.012), h - 0.25, front - lean - 0.25});
  if (d.chance(0.3)) {
    s.color(metal_color(d));
    for (const int side : {-1, 1})
      s.rod({side * w * 0.9, chassis, front - length - 0.08},
            {side * w * 0.9, h + 0.4, front - length - 0.08}, 0.07);
  }
  return front - length;
}

void truck(Shaper& s, Draw& d) {
  const double w = d.real(1.0, 1.3), chassis = d.real(0.85, 1.1), length = d.real(5.5, 12),
               z1 = length / 2;
  const double r = d.real(0.4, 0.52);
  const double from = cab(s, d, w, z1, chassis) - d.real(0.08, 0.3), back = -z1;
  s.color(grey(0.15));
  s.box({-w * 0.45, chassis - 0.35, back}, {w * 0.45, chassis - 0.05, z1 - 0.6});
  const Color load = d.chance(0.5) ? grey(d.real(0.6, 0.95)) : paint_color(d);
  const double top = chassis + d.real(1.6, 2.7);
  s.color(load);
  switch (d.pick({5, 1.5, 1.5, 1.5, 1})) {
    case 0:
      s.box({-w, chassis, back}, {w, top, from});
      break;
    case 1: {  // a tank
      const double radius = w * 0.95;
      s.rod({0, chassis + radius * 0.9, back}, {0, chassis + radius * 0.9, from}, radius, radius,
            20);
      break;
    }
    case 2: {  // a tipper
      const double h = chassis + d.real(0.6, 1.2), t = 0.08;
      s.box({-w, chassis, back}, {w, chassis + t, from});
      for (const int side : {-1, 1}) s.box({side * w, chassis, back}, {side * (w - t), h, from});
      s.box({-w, chassis, back}, {w, h, back + t});
      s.box({-w, chassis, from - t}, {w, h + 0.3, from});
      break;
    }
    case 3:  // a flat bed, perhaps loaded
      s.box({-w, chassis, back}, {w, chassis + 0.12, from});
      s.box({-w, chassis, from - 0.08}, {w, chassis + 0.9, from});
      if (d.chance(0.6)) {
        s.color(any_color(d));
        s.box({-w * 0.8, chassis + 0.12, back + 0.5},
              {w * 0.8, chassis + d.real(0.5, 1.6), from - 0.6});
      }
      break;
    default: {  // a mixer
      const double radius = w * 0.9, middle = (back + from) / 2;
      s.rod({0, chassis + radius * 1.5, back}, {0, chassis + radius * 1.1, middle}, radius * 0.4,
            radius, 18);
      s.rod({0, chassis + radius * 1.1, middle}, {0, chassis + radius * 0.9, from}, radius,
            radius * 0.7, 18);
      s.box({-w * 0.6, chassis - 0.1, back}, {w * 0.6, chassis + 0.3, from});
    }
  }
  axle(s, w, r, z1 - 1.0, 0.3, grey(0.5));
  const int rear = length > 8 ? d.integer(2, 3) : d.integer(1, 2);
  for (int i = 0; i < rear; ++i) axle(s, w, r, back + 0.8 + i * 2.2 * r, 0.35, grey(0.5));
  if (length > 9) axle(s, w, r, from - 0.2, 0.35, grey(0.5));
}

void rail(Shaper& s, Draw& d) {  // a wagon, coach or locomotive
  const double w = d.real(1.1, 1.4), length = d.real(8, 16), z1 = length / 2, low = 0.9,
               h = d.real(3, 3.8);
  const Color body = paint_color(d);
  s.color(body);
  const int kind = d.pick({2, 2, 1.5, 1});
  if (kind == 0) {
    const double cut = d.real(0.1, 0.6);
    s.loft({body_section(-z1, w, low, h, cut), body_section(z1, w, low, h, cut)});
    s.color(glass_color(d));
    windows(s, w, 1.9, 2.7, -z1 + 0.5, z1 - 0.5, d.integer(5, 10), 0.15);
  } else if (kind == 1) {
    s.box({-w, low, -z1}, {w, h, z1});
    s.color(shaded(body, 0.7));
    for (int i = 0; i <= 8; ++i)
      for (const int side : {-1, 1}) {
        const double z = -z1 + length * i / 8;
        s.box({side * w, low, z - 0.06}, {side * (w + 0.06), h, z + 0.06});
      }
  } else if (kind == 2) {  // an open wagon
    const double t = 0.1, top = d.real(1.6, 2.4);
    s.box({-w, low, -z1}, {w, low + t, z1});
    for (const int side : {-1, 1}) s.box({side * w, low, -z1}, {side * (w - t), top, z1});
    for (const int end : {-1, 1}) s.box({-w, low, end * z1}, {w, top, end * (z1 - t)});
  } else {  // a steam or diesel engine
    const double cab_length = length * 0.22, radius = w * d.real(0.6, 0.8);
    s.box({-w, low, -z1}, {w, h, -z1 + cab_length});
    if (d.chance(0.5)) {
      s.rod({0, low + radius + 0.2, -z1 + cab_length}, {0, low + radius + 0.2, z1}, radius, radius,
            18);
      s.rod({0, low + radius, z1 - 0.8}, {0, h + 0.3, z1 - 0.8}, 0.2, 0.3, 12);
      s.rod({0, low + radius, 0}, {0, h - 0.1, 0}, 0.3, 0.25, 12);
    } else {
      s.box({-w * 0.75, low, -z1 + cab_length}, {w * 0.75, h * 0.85, z1});
    }
    s.box({-w, low - 0.2, -z1}, {w, low, z1});
  }
  s.color(grey(0.15));
  s.box({-w * 0.5, 0.45, -z1}, {w * 0.5, low, z1});
  for (const int end : {-1, 1})
    for (const double at : {0.55, 0.85}) axle(s, w * 0.75, 0.42, end * z1 * at, 0.14, grey(0.3));
}

void tank(Shaper& s, Draw& d) {
  const double w = d.real(1.2, 1.6), length = d.real(5, 6.5), z1 = length / 2, h = d.real(0.9, 1.2);
  const Color body = d.chance(0.6)
                         ? from_hsv(d.real(0.12, 0.3), d.real(0.2, 0.5), d.real(0.2, 0.55))
                         : grey(d.real(0.3, 0.6));
  s.color(grey(0.18));
  for (const int side : {-1, 1}) {
    const double a = side * w, b = side * (w - 0.45);
    std::vector<Path> sections;
    for (const double x : {a, b})
      sections.push_back({{x, 0, -z1 * 0.75},
                          {x, 0, z1 * 0.75},
                          {x, h * 0.5, z1},
                          {x, h * 0.8, z1 * 0.9},
                          {x, h * 0.8, -z1 * 0.9},
                          {x, h * 0.5, -z1}});
    s.loft(sections);
  }
  s.color(body);
  s.loft({body_section(-z1 * 0.95, w * 0.95, h * 0.45, h * 1.1, 0.1),
          body_section(z1 * 0.55, w * 0.95, h * 0.4, h * 1.1, 0.1),
          body_section(z1, w * 0.9, h * 0.45, h * 0.65, 0.05)});
  const double top = h * 1.1, turret = d.real(0.45, 0.75), at = d.real(-0.4, 0.3),
               r = w * d.real(0.55, 0.75);
  if (d.chance(0.5))
    s.lathe({0, top - 0.02, at}, {{r, 0}, {r * 0.9, turret * 0.6}, {r * 0.5, turret}}, 16);
  else
    s.frustum({-r, top - 0.02, at - r}, {r, top + turret, at + r}, 0.7, 0.65);
  s.rod({0, top + turret * 0.5, at + r * 0.7}, {0, top + turret * 0.55, at + r + d.real(1.2, 3)},
        0.1, 0.07);
  if (d.chance(0.6))
    s.rod({r * 0.3, top + turret * 0.8, at}, {r * 0.3, top + turret + 0.2, at}, 0.25, 0.22, 12);
}

void bicycle(Shaper& s, Draw& d) {
  const double r = d.real(0.28, 0.36), base = d.real(0.95, 1.1), t = d.real(0.014, 0.022);
  const double zf = base / 2, zr = -base / 2;
  const Color frame = paint_color(d);
  for (const double z : {zf, zr}) {
    s.color(grey(0.1));
    s.ring({0, r, z}, {1, 0, 0}, r - 0.02, 0.02, 26);
    s.color(grey(0.6));
    for (int i = 0; i < 8; ++i) {
      const double a = std::acos(-1.0) * i / 8;
      s.rod({0, r - (r - 0.02) * std::cos(a), z - (r - 0.02) * std::sin(a)},
            {0, r + (r - 0.02) * std::cos(a), z + (r - 0.02) * std::sin(a)}, 0.003, 0.003, 4);
    }
    s.rod({-0.06, r, z}, {0.06, r, z}, 0.015);
  }
  s.color(frame);
  const Vec3 crank{0, r * 0.85, -base * 0.08}, seat{0, r + 0.5, -base * 0.22},
      head{0, r + 0.48, zf - base * 0.2}, low_head{0, r + 0.36, zf - base * 0.17};
  s.rod(crank, seat, t);
  s.rod(crank, low_head, t);
  s.rod({0, seat[1] - 0.08, seat[2] + 0.02}, d.chance(0.7) ? head : low_head, t);
  s.rod(low_head, {0, head[1] + 0.06, head[2] - 0.02}, t * 1.2);
  for (const int side : {-1, 1}) {
    const double x = side * 0.045;
    s.rod({x, r, zr}, {x * 0.4, crank[1], crank[2]}, t * 0.7);
    s.rod({x, r, zr}, {x * 0.4, seat[1] - 0.08, seat[2]}, t * 0.6);
    s.rod({x, r, zf}, {x * 0.5, low_head[1], low_head[2]}, t * 0.8);
  }
  s.color(grey(0.12));
  s.cushion({-0.07, seat[1] + 0.05, seat[2] - 0.16}, {0.07, seat[1] + 0.1, seat[2] + 0.12}, 0.5);
  s.rod(seat, {0, seat[1] + 0.06, seat[2]}, t * 0.8);
  s.color(grey(0.4));
  const double bar = d.real(0.2, 0.32), y = head[1] + d.real(0.08, 0.2);
  s.rod({0, head[1], head[2]}, {0, y, head[2] + 0.02}, t);
  s.tube({{-bar, y, head[2] - 0.12},
          {-bar * 0.6, y, head[2] + 0.02},
          {bar * 0.6, y, head[2] + 0.02},
          {bar, y, head[2] - 0.12}},
         t * 0.7);
  s.ring({0.05, crank[1], crank[2]}, {1, 0, 0}, 0.08, 0.01, 14);
  for (const int side : {-1, 1})
    s.beam({side * 0.07, crank[1], crank[2]},
           {side * 0.07, crank[1] - side * 0.15, crank[2] + 0.05}, 0.015, 0.02);
}

void motorbike(Shaper& s, Draw& d) {
  const double r = d.real(0.28, 0.34), base = d.real(1.25, 1.5), zf = base / 2, zr = -base / 2,
               tyre = d.real(0.05, 0.08);
  for (const double z : {zf, zr}) {
    s.color(grey(0.08));
    s.ring({0, r, z}, {1, 0, 0}, r - tyre, tyre, 22);
    s.color(metal_color(d));
    s.rod({-0.05, r, z}, {0.05, r, z}, r * 0.5, r * 0.5, 14);
  }
  const Color body = paint_color(d);
  s.color(grey(d.real(0.2, 0.5)));
  s.cushion({-0.16, r * 0.6, -0.22}, {0.16, r * 0.6 + 0.42, 0.25}, 0.2);
  s.beam({0, r, zr}, {0, r + 0.12, -0.1}, 0.16, 0.08);
  for (const int side : {-1, 1}) {
    s.rod({side * 0.09, r, zf}, {side * 0.09, r + 0.55, zf - 0.3}, 0.025);
    if (d.chance(0.7))
      s.rod({side * 0.15, r * 0.8, 0}, {side * 0.15, r * 0.95, zr - 0.15}, 0.035, 0.05);
  }
  s.color(body);
  s.cushion({-0.15, r + 0.35, -0.12}, {0.15, r + 0.62, 0.38}, 0.5);
  if (d.chance(0.5)) s.cushion({-0.2, r + 0.2, 0.2}, {0.2, r + 0.75, 0.6}, 0.5);
  s.cushion({-0.11, r + 0.3, zr - 0.1}, {0.11, r + 0.45, -0.3}, 0.4);
  if (d.chance(0.6)) s.cushion({-0.08, 2 * r, zf - 0.25}, {0.08, 2 * r + 0.05, zf + 0.2}, 0.4);
  s.color(grey(0.1));
  s.cushion({-0.14, r + 0.42, zr - 0.05}, {0.14, r + 0.54, -0.08}, 0.4);
  const double bar = d.real(0.28, 0.42), y = r + d.real(0.62, 0.85);
  s.tube({{-bar, y, zf - 0.5},
          {-bar * 0.5, y + 0.02, zf - 0.35},
          {bar * 0.5, y + 0.02, zf - 0.35},
          {bar, y, zf - 0.5}},
         0.018);
  s.color(grey(0.85));
  s.ball({0, r + 0.5, zf - 0.18}, {0.1, 0.1, 0.08}, 12);
}

}  // namespace

void make_bus_truck(Shaper& s, Draw& d) {
  switch (d.pick({3, 4, 2.5, 1})) {
    case 0:
      return bus(s, d);
    case 1:
      return truck(s, d);
    case 2:
      return rail(s, d);
    default:
      return tank(s, d);
  }
}

void make_motorbike_bike(Shaper& s, Draw& d) {
  if (d.chance(0.5)) return bicycle(s, d);
  motorbike(s, d);
}

}  // namespace voxgrad
