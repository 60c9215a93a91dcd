// Cars: saloons, hatchbacks, estates, sports cars, pick-ups, off-roaders, vans.
#include <algorithm>

#include "datasets/synth/families.h"
#include "datasets/synth/palette.h"
#include "datasets/synth/vehicles.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {

void wheel(Shaper& s, double outer, double y, double z, double radius, double width,
           const Color& hub) {
  const double side = outer < 0 ? -1 : 1, in = outer - side * width;
  s.color(grey(0.08));
  s.rod({in, y, z}, {outer, y, z}, radius, radius, 18);
  s.color(hub);
  s.rod({outer - side * 0.01, y, z}, {outer + side * 0.012, y, z}, radius * 0.6, radius * 0.5, 14);
}

void axle(Shaper& s, double half_width, double radius, double z, double width, const Color& hub) {
  for (const int side : {-1, 1}) wheel(s, side * half_width, radius, z, radius, width, hub);
}

Path body_section(double z, double half, double low, double high, double cut, double top_share) {
  const double t = half * top_share, c = std::min({cut, half * 0.45, (high - low) * 0.45});
  return {{-half + c * 0.6, low, z}, {half - c * 0.6, low, z}, {half, low + c * 0.6, z},
          {t, high - c, z},          {t - c, high, z},         {-t + c, high, z},
          {-t, high - c, z},         {-half, low + c * 0.6, z}};
}

namespace {

struct CarShape {
  double half_width, length, clearance, belt, roof, wheel;
  double hood, tail;        // lengths of bonnet and boot
  double windscreen, rear;  // how far the panes lean, along z
  double nose, end;         // height of the ends over the belt's height
};

CarShape draw_car(Draw& d, int kind) {
  CarShape c;
  c.half_width = d.real(0.8, 0.95);
  c.length = d.real(3.9, 4.8);
  c.clearance = d.real(0.15, 0.25);
  c.belt = d.real(0.8, 0.95);
  c.roof = d.real(1.35, 1.5);
  c.wheel = d.real(0.3, 0.36);
  c.hood = c.length * d.real(0.22, 0.3);
  c.tail = c.length * d.real(0.14, 0.22);
  c.windscreen = d.real(0.4, 0.75);
  c.rear = d.real(0.3, 0.7);
  c.nose = d.real(0.7, 0.95);
  c.end = d.real(0.85, 1);
  if (kind == 1) {  // hatchback or estate
    c.tail = d.real(0.0, 0.12);
    c.rear = d.real(0.1, 0.5);
    if (d.chance(0.5)) c.length = d.real(3.3, 4.1);
  } else if (kind == 2) {  // sports
    c.roof = d.real(1.1, 1.25);
    c.belt = d.real(0.65, 0.78);
    c.hood = c.length * d.real(0.28, 0.36);
    c.windscreen = d.real(0.6, 1.0);
    c.rear = d.real(0.6, 1.2);
    c.nose = d.real(0.55, 0.8);
  } else if (kind == 3) {  // off-road
    c.roof = d.real(1.65, 1.95);
    c.belt = d.real(1.0, 1.15);
    c.clearance = d.real(0.25, 0.4);
    c.wheel = d.real(0.36, 0.45);
    c.tail = d.real(0, 0.08);
    c.rear = d.real(0.03, 0.3);
    c.windscreen = d.real(0.2, 0.5);
    c.nose = d.real(0.85, 1);
  } else if (kind == 4) {  // van
    c.roof = d.real(1.8, 2.3);
    c.belt = d.real(1.0, 1.2);
    c.hood = d.real(0.4, 0.9);
    c.tail = 0.02;
    c.rear = d.real(0.02, 0.2);
    c.length = d.real(4.2, 5.4);
  } else if (kind == 5) {  // small
    c.length = d.real(2.5, 3.3);
    c.roof = d.real(1.45, 1.6);
    c.hood = d.real(0.4, 0.7);
    c.tail = d.real(0.02, 0.15);
  }
  return c;
}

}  // namespace

void make_car(Shaper& s, Draw& d) {
  const int kind = d.pick({4, 3, 2, 2, 1.2, 1.2, 1.2});  // the last a pick-up
  CarShape c = draw_car(d, kind == 6 ? 3 : kind);
  if (kind == 6) {
    c.length = d.real(4.8, 5.5);
    c.tail = c.length * d.real(0.3, 0.4);
    c.rear = d.real(0.03, 0.12);
  }
  const double z1 = c.length / 2, z0 = -z1, w = c.half_width, low = c.clearance;
  const double round = d.chance(0.5) ? d.real(0.05, 0.12) : d.real(0.12, 0.3);
  const Color body = paint_color(d), glass = glass_color(d);
  s.color(body);
  const double nose = low + (c.belt - low) * c.nose, end = low + (c.belt - low) * c.end;
  const double front_w = w * d.real(0.8, 0.95), hood_z = z1 - c.hood;
  s.loft({body_section(z0, w * 0.9, low + 0.12, end * 0.97, round),
          body_section(z0 + 0.12, w * 0.97, low + 0.02, end, round),
          body_section(z0 + c.tail + 0.1, w, low, c.belt, round * 0.7),
          body_section(hood_z, w, low, c.belt, round * 0.7),
          body_section(z1 - 0.25, w * 0.97, low, nose + (c.belt - nose) * 0.2, round),
          body_section(z1, front_w, low + 0.08, nose * 0.93, round * 1.3)});
  const double base0 = z0 + c.tail, base1 = hood_z;
  const double cab0 = base0 + c.rear, cab1 = std::max(cab0 + 0.5, base1 - c.windscreen);
  const double cab_end = kind == 6 ? base0 + c.rear : cab0;
  const double top_w = d.real(0.72, 0.88);
  const bool open = kind == 2 && d.chance(0.3);
  s.color(glass);
  if (!open) {  // panes, and pillars and roof over them
    const double under = c.roof - 0.07;
    const auto outline = [&](double y, double half, double back, double front) {
      return Path{{-half, y, back}, {half, y, back}, {half, y, front}, {-half, y, front}};
    };
    s.loft(
        {outline(c.belt - 0.02, w * 0.95, base0, base1), outline(under, w * top_w, cab_end, cab1)});
    s.color(body);
    s.loft({outline(under, w * top_w * 1.01, cab_end - 0.02, cab1 + 0.02),
            outline(c.roof, w * top_w * 0.86, cab_end + 0.1, cab1 - 0.1)});
    const double middle = (base0 + base1) / 2;
    for (const double at : {0.0, 0.5, 1.0}) {
      const double zb = at == 0.5 ? middle : base0 + (base1 - base0) * at;
      const double zt = cab_end + (cab1 - cab_end) * at;
      for (const int side : {-1, 1})
        s.beam({side * w * 0.95, c.belt - 0.02, zb}, {side * w * top_w, under + 0.02, zt}, 0.06,
               0.09);
    }
    if (kind == 4 && d.chance(0.6)) {  // no panes behind
      s.loft({outline(c.belt - 0.03, w * 0.97, base0 - 0.01, middle),
              outline(c.roof - 0.01, w * top_w * 1.03, cab_end - 0.01, middle)});
    }
  } else {
    s.beam({-w * 0.8, c.belt, base1 - 0.1}, {w * 0.8, c.belt, base1 - 0.1}, 0.05, 0.05);
    s.loft({{{-w * 0.85, c.belt - 0.02, base1},
             {w * 0.85, c.belt - 0.02, base1},
             {w * 0.85, c.belt - 0.02, base1 - 0.08},
             {-w * 0.85, c.belt - 0.02, base1 - 0.08}},
            {{-w * 0.75, c.roof, cab1},
             {w * 0.75, c.roof, cab1},
             {w * 0.75, c.roof, cab1 - 0.05},
             {-w * 0.75, c.roof, cab1 - 0.05}}});
    s.color(fabric_color(d));
    for (const int side : {-1, 1})
      s.cushion({side * w * 0.1, c.belt - 0.15, cab0}, {side * w * 0.75, c.belt + 0.3, cab0 + 0.2},
                0.4);
  }
  if (kind == 6) {  // the load bed's walls
    s.color(body);
    for (const int side : {-1, 1})
      s.box({side * w, c.belt - 0.05, z0 + 0.03}, {side * (w - 0.09), c.belt + 0.15, base0 + 0.1});
    s.box({-w, c.belt - 0.05, z0 + 0.03}, {w, c.belt + 0.15, z0 + 0.12});
  }
  const Color hub = grey(d.real(0.3, 0.8));
  const double front_axle = z1 - c.length * d.real(0.15, 0.2),
               rear_axle = z0 + c.length * d.real(0.15, 0.22);
  for (const double z : {front_axle, rear_axle}) axle(s, w * 1.01, c.wheel, z, 0.2, hub);
  s.color(from_hsv(0.14, 0.1, 0.95));
  for (const int side : {-1, 1})
    s.ball({side * front_w * 0.75, nose * 0.85, z1 - 0.06}, {0.12, 0.07, 0.08}, 10);
  s.color({0.7f, 0.05f, 0.05f});
  for (const int side : {-1, 1})
    s.box({side * w * 0.85, end * 0.8, z0 - 0.01}, {side * w * 0.6, end * 0.9, z0 + 0.05});
  s.color(d.chance(0.5) ? body : grey(0.15));
  if (d.chance(0.6))
    s.cushion({-w * 0.95, low + 0.05, z1 - 0.1}, {w * 0.95, low + 0.22, z1 + 0.06}, 0.3);
  if (d.chance(0.6))
    s.cushion({-w * 0.95, low + 0.05, z0 - 0.06}, {w * 0.95, low + 0.22, z0 + 0.1}, 0.3);
  if (d.chance(0.6))
    for (const int side : {-1, 1})
      s.cushion({side * w, c.belt, cab1 + 0.2}, {side * (w + 0.16), c.belt + 0.13, cab1 + 0.3},
                0.4);
  if (kind == 2 && d.chance(0.4)) {
    s.box({-w * 0.85, c.belt + 0.15, z0 + 0.02}, {w * 0.85, c.belt + 0.19, z0 + 0.25});
    for (const int side : {-1, 1})
      s.box({side * w * 0.6, c.belt - 0.1, z0 + 0.08}, {side * w * 0.55, c.belt + 0.16, z0 + 0.18});
  }
  if (!open && d.chance(0.15)) {  // police, taxi
    s.color(d.chance(0.5) ? Color{0.1f, 0.2f, 0.8f} : Color{0.9f, 0.8f, 0.1f});
    s.box({-0.35, c.roof - 0.01, (cab_end + cab1) / 2 - 0.1},
          {0.35, c.roof + 0.12, (cab_end + cab1) / 2 + 0.1});
  }
  if (kind == 3 && d.chance(0.3)) {
    s.color(grey(0.1));
    s.rod({0, c.belt * 0.9, z0 - 0.12}, {0, c.belt * 0.9, z0 + 0.02}, c.wheel * 0.9, c.wheel * 0.9,
          16);
  }
}

}  // namespace voxgrad
