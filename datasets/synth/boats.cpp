// Boats: rowing boats, canoes, dinghies, sailing boats, yachts, freighters, ships with masts.
#include <algorithm>

#include "datasets/synth/families.h"
#include "datasets/synth/palette.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

struct Hull {
  double length, beam, depth;  // beam: half of the width
  double bow, stern;           // shares of the beam left at the ends
  double sheer;                // how far the bow rises
  double keel;                 // 0 flat below .. 1 sharp
};

double half_beam(const Hull& h, double along) {  // along 0 stern .. 1 bow
  const double out = along < 0.45 ? h.stern + (1 - h.stern) * std::sin(along / 0.45 * 1.5708)
                                  : h.bow + (1 - h.bow) * std::cos((along - 0.45) / 0.55 * 1.5708);
  return h.beam * out;
}

double rim(const Hull& h, double along) {
  const double a = along - 0.4;
  return h.depth + h.sheer * (a > 0 ? a * a * 2.8 : a * a * 1.2);
}

double bottom(const Hull& h, double along) {
  const double a = std::max(0.0, along - 0.7) / 0.3;
  return h.depth * 0.55 * a * a * a + 0.001;
}

double z_of(const Hull& h, double along) {
  return (along - 0.5) * h.length;
}

constexpr int stations = 14;

// A hull with a deck.
void solid_hull(Shaper& s, const Hull& h) {
  std::vector<Path> sections;
  for (int i = 0; i <= stations; ++i) {
    const double a = double(i) / stations, b = half_beam(h, a), y1 = rim(h, a), y0 = bottom(h, a);
    const double z = z_of(h, a), low = b * (1 - 0.85 * h.keel), middle = y0 + (y1 - y0) * 0.35;
    sections.push_back({{-low * 0.6, y0, z},
                        {low * 0.6, y0, z},
                        {b * 0.85, middle, z},
                        {b, y1, z},
                        {-b, y1, z},
                        {-b * 0.85, middle, z}});
  }
  s.loft(sections);
}

// An open one: skin of a thickness.
void open_hull(Shaper& s, const Hull& h, double t) {
  std::vector<Path> sections;
  for (int i = 0; i <= stations; ++i) {
    const double a = double(i) / stations, b = std::max(half_beam(h, a), t * 1.2), y1 = rim(h, a),
                 y0 = bottom(h, a);
    const double z = z_of(h, a), low = b * (1 - 0.85 * h.keel) * 0.6,
                 middle = y0 + (y1 - y0) * 0.35;
    const double in = std::max(b - t, t * 0.1), in_low = std::max(low - t * 0.3, t * 0.05),
                 floor = y0 + t * 1.6;
    sections.push_back({{-b, y1, z},
                        {-b * 0.88, middle, z},
                        {-low, y0, z},
                        {low, y0, z},
                        {b * 0.88, middle, z},
                        {b, y1, z},
                        {in, y1, z},
                        {in * 0.85, std::max(middle, floor), z},
                        {in_low, floor, z},
                        {-in_low, floor, z},
                        {-in * 0.85, std::max(middle, floor), z},
                        {-in, y1, z}});
  }
  s.loft(sections);
  // Both ends are shut by boards.
  for (const double a : {0.0, 1.0}) {
    const double b = std::max(half_beam(h, a), t * 1.2), z = z_of(h, a), y0 = bottom(h, a);
    s.box({-b, y0, z - t / 2}, {b, rim(h, a), z + t / 2});
  }
}

void rowing(Shaper& s, Draw& d) {
  Hull h{d.real(2.5, 4.5), d.real(0.5, 0.8), d.real(0.35, 0.6), 0.06,
         d.real(0.3, 0.8), d.real(0, 0.4),   d.real(0.2, 0.8)};
  if (d.chance(0.3))
    h = {d.real(4, 6), d.real(0.3, 0.45), d.real(0.3, 0.4), 0.05, 0.05, d.real(0.1, 0.5), 0.4};
  s.color(d.chance(0.6) ? wood_color(d) : paint_color(d));
  open_hull(s, h, d.real(0.05, 0.09));
  s.color(wood_color(d));
  const int thwarts = d.integer(1, 4);
  for (int i = 0; i < thwarts; ++i) {
    const double a = 0.15 + 0.65 * (i + 0.5) / thwarts, b = half_beam(h, a) * 0.95,
                 y = rim(h, a) * 0.72;
    s.box({-b, y - 0.03, z_of(h, a) - 0.12}, {b, y, z_of(h, a) + 0.12});
  }
  if (d.chance(0.3))
    for (const int side : {-1, 1})
      s.rod({side * h.beam * 0.9, h.depth, 0}, {side * h.beam * 2.2, h.depth * 0.5, 0.6}, 0.025,
            0.03);
  if (d.chance(0.2)) {
    s.color(grey(0.15));
    s.cushion({-0.12, h.depth * 0.7, z_of(h, 0) - 0.3}, {0.12, h.depth + 0.45, z_of(h, 0) + 0.05},
              0.3);
  }
}

void dinghy(Shaper& s, Draw& d) {  // inflatable
  const double length = d.real(2.4, 4), w = d.real(0.6, 0.9), r = d.real(0.16, 0.26),
               z = length / 2;
  s.color(paint_color(d));
  const bool pointed = d.chance(0.6);
  Path path{{-w, r, -z}, {-w, r, z * 0.3}};
  const int steps = 8;
  for (int i = 0; i <= steps; ++i) {
    const double a = std::acos(-1.0) * i / steps;
    path.push_back({-w * std::cos(a), r + 0.15 * std::sin(a),
                    z * 0.35 + (pointed ? z * 0.65 : z * 0.4) * std::sin(a)});
  }
  path.push_back({w, r, z * 0.3});
  path.push_back({w, r, -z});
  s.tube(path, r, 12);
  if (d.chance(0.5)) s.rod({-w, r, -z * 0.9}, {w, r, -z * 0.9}, r);
  s.color(grey(d.real(0.2, 0.6)));
  s.box({-w, 0.05, -z * 0.9}, {w, 0.13, z * 0.55});
  s.box({-w, 0.05, -z * 0.85}, {w, r * 2, -z * 0.8});
  if (d.chance(0.5)) s.box({-w, r * 1.2, -0.12}, {w, r * 1.4, 0.12});
  if (d.chance(0.4)) s.cushion({-0.15, r, -z - 0.2}, {0.15, r * 3.5, -z * 0.85}, 0.3);
}

// A sail in the plane x = 0 or swung out, from three or four points (y, z).
void sail(Shaper& s, const std::vector<std::array<double, 2>>& outline, double turn) {
  const double t = 0.03;
  s.moved([&](const Vec3& p) { return turned(p, turn); }, [&] { s.extrude(0, outline, -t, t); });
}

void sailing(Shaper& s, Draw& d) {
  const double length = d.real(4, 10);
  Hull h{length,
         length * d.real(0.13, 0.19),
         length * d.real(0.09, 0.14),
         0.03,
         d.real(0.4, 0.8),
         length * d.real(0, 0.06),
         d.real(0.3, 0.9)};
  s.color(d.chance(0.5) ? grey(d.real(0.8, 0.97)) : d.chance(0.5) ? wood_color(d) : paint_color(d));
  solid_hull(s, h);
  const double deck = h.depth, mast = length * d.real(0.9, 1.3), at = length * d.real(0.02, 0.12),
               boom = length * d.real(0.35, 0.48);
  if (d.chance(0.6)) {
    s.color(grey(0.9));
    s.cushion({-h.beam * 0.5, deck - 0.05, -length * 0.1},
              {h.beam * 0.5, deck + length * 0.05, length * 0.22}, 0.2);
  }
  s.color(wood_color(d));
  s.rod({0, deck - 0.1, at}, {0, deck + mast, at}, 0.014 * length, 0.008 * length);
  s.rod({0, deck + mast * 0.12, at}, {0, deck + mast * 0.12, at - boom}, 0.007 * length);
  s.color(d.chance(0.7) ? grey(0.93) : fabric_color(d));
  const double turn = d.real(-15, 15);
  if (d.chance(0.88)) {
    s.moved(
        [&](const Vec3& p) {
          return Vec3{p[0], p[1], p[2] + at};
        },
        [&] {
          sail(s,
               {{deck + mast * 0.14, -0.05},
                {deck + mast * 0.14, -boom},
                {deck + mast * 0.97, -0.05}},
               turn);
        });
    if (d.chance(0.7))
      sail(s,
           {{deck + mast * 0.8, at + 0.1},
            {deck + mast * 0.1, at + length * 0.05},
            {deck + mast * 0.06, length * 0.47}},
           0);
  }
  if (d.chance(0.3)) {
    s.color(grey(0.3));
    s.frustum({-0.03, -length * 0.12, -length * 0.08}, {0.03, 0.05, length * 0.1}, 1, 1.2);
  }
}

void motor(Shaper& s, Draw& d) {
  const double length = d.real(5, 20);
  Hull h{length,
         length * d.real(0.13, 0.2),
         length * d.real(0.1, 0.16),
         0.04,
         d.real(0.7, 0.95),
         length * d.real(0.02, 0.08),
         d.real(0.2, 0.7)};
  s.color(d.chance(0.6) ? grey(d.real(0.85, 0.97)) : paint_color(d));
  solid_hull(s, h);
  const int decks = d.integer(1, 3);
  double y = h.depth - 0.02 * length, from = -length * d.real(0.3, 0.42),
         to = length * d.real(0.05, 0.25), w = h.beam * d.real(0.6, 0.85);
  for (int i = 0; i < decks; ++i) {
    const double high = length * d.real(0.05, 0.09);
    s.color(grey(d.real(0.85, 0.97)));
    const double lean = high * d.real(0.2, 1.2);
    s.loft({{{-w, y, from}, {w, y, from}, {w, y, to}, {-w, y, to}},
            {{-w * 0.92, y + high, from + lean * 0.3},
             {w * 0.92, y + high, from + lean * 0.3},
             {w * 0.92, y + high, to - lean},
             {-w * 0.92, y + high, to - lean}}});
    s.color(glass_color(d));
    for (const int side : {-1, 1})
      s.box({side * w * 0.9, y + high * 0.35, from + length * 0.03},
            {side * w * 1.01, y + high * 0.8, to - lean});
    y += high;
    from += length * d.real(0.01, 0.08);
    to -= lean + length * d.real(0.01, 0.08);
    w *= d.real(0.75, 0.95);
    if (to - from < length * 0.1) break;
  }
  s.color(grey(0.8));
  if (d.chance(0.6))
    s.rod({0, y - 0.1, from + length * 0.05}, {0, y + length * d.real(0.05, 0.15), from},
          0.006 * length);
  if (d.chance(0.4))
    for (const int side : {-1, 1}) {
      Path rail_path;
      for (int i = 0; i <= 6; ++i) {
        const double a = 0.55 + 0.43 * i / 6;
        rail_path.push_back({side * half_beam(h, a) * 0.9, rim(h, a) + length * 0.03, z_of(h, a)});
      }
      s.tube(rail_path, 0.004 * length);
    }
}

void freighter(Shaper& s, Draw& d) {
  const double length = d.real(30, 60);
  Hull h{length,        length * d.real(0.07, 0.1), length * d.real(0.07, 0.1),
         0.1,           d.real(0.7, 0.95),          length * 0.04,
         d.real(0, 0.3)};
  s.color(paint_color(d));
  solid_hull(s, h);
  const bool aft = d.chance(0.7);
  const double z0 = aft ? -length * 0.42 : -length * 0.1, deck = h.depth;
  double y = deck - 0.1, w = h.beam * 0.85, depth = length * d.real(0.08, 0.14);
  const int decks = d.integer(2, 4);
  s.color(grey(0.93));
  for (int i = 0; i < decks; ++i) {
    const double high = length * 0.028;
    s.box({-w, y, z0}, {w, y + high, z0 + depth});
    y += high;
    w *= 0.9;
    depth *= 0.85;
  }
  s.color(paint_color(d));
  s.rod({0, y - 0.2, z0 + depth * 0.3}, {0, y + length * 0.06, z0 + depth * 0.3}, length * 0.018,
        length * 0.015, 14);
  const double from = aft ? z0 + length * 0.16 : -length * 0.4,
               to = aft ? length * 0.36 : z0 - length * 0.02;
  if (d.chance(0.5)) {  // containers
    const int rows = d.integer(3, 7);
    for (int i = 0; i < rows; ++i) {
      const double a = from + (to - from) * i / rows, e = from + (to - from) * (i + 0.9) / rows;
      s.color(paint_color(d));
      s.box({-h.beam * 0.8, deck - 0.1, a},
            {h.beam * 0.8, deck + length * 0.025 * d.integer(1, 3), e});
    }
  } else {  // hatches and cranes
    const int hatches = d.integer(2, 4);
    for (int i = 0; i < hatches; ++i) {
      const double a = from + (to - from) * i / hatches,
                   e = from + (to - from) * (i + 0.7) / hatches;
      s.color(grey(0.5));
      s.box({-h.beam * 0.55, deck - 0.1, a}, {h.beam * 0.55, deck + length * 0.015, e});
      s.color(grey(0.75));
      if (d.chance(0.6)) {
        const double z = (e + a + (to - from) / hatches) / 2;
        s.rod({0, deck, z}, {0, deck + length * 0.12, z}, length * 0.008);
        s.rod({0, deck + length * 0.02, z}, {0, deck + length * 0.1, z - length * 0.08},
              length * 0.004);
      }
    }
  }
}

void old_ship(Shaper& s, Draw& d) {
  const double length = d.real(8, 30);
  Hull h{length,
         length * d.real(0.1, 0.16),
         length * d.real(0.1, 0.18),
         0.05,
         d.real(0.3, 0.8),
         length * d.real(0.05, 0.2),
         d.real(0.2, 0.7)};
  const bool longship = d.chance(0.35);
  if (longship) h.stern = 0.08, h.depth *= 0.7;
  s.color(from_hsv(d.real(0.05, 0.1), d.real(0.4, 0.75), d.real(0.2, 0.6)));
  if (longship)
    open_hull(s, h, 0.018 * length);
  else
    solid_hull(s, h);
  if (!longship && d.chance(0.7))
    s.box({-half_beam(h, 0.12), h.depth, -length * 0.49},
          {half_beam(h, 0.12), h.depth + length * 0.08, -length * 0.25});
  const int masts = longship ? 1 : d.integer(1, 3);
  const Color cloth =
      d.chance(0.7) ? from_hsv(0.11, d.real(0.05, 0.3), d.real(0.7, 0.95)) : fabric_color(d);
  for (int i = 0; i < masts; ++i) {
    const double z =
        masts == 1 ? length * d.real(-0.05, 0.1) : -length * 0.3 + length * 0.6 * i / (masts - 1);
    const double high = length * d.real(0.5, 0.75) * (masts == 3 && i != 1 ? 0.85 : 1);
    s.color(wood_color(d));
    s.rod({0, h.depth * 0.3, z}, {0, h.depth + high, z}, 0.012 * length, 0.006 * length);
    const int sails = longship ? 1 : d.integer(1, 3);
    for (int j = 0; j < sails; ++j) {
      const double y1 = h.depth + high * (0.95 - 0.8 * j / sails), y0 = y1 - high * 0.62 / sails;
      const double w1 = length * 0.13 * (1 + 0.3 * j), w0 = w1 * 1.15, t = 0.006 * length;
      s.color(wood_color(d));
      s.rod({-w1 * 1.1, y1, z}, {w1 * 1.1, y1, z}, t);
      s.color(cloth);
      const double belly = length * d.real(0.01, 0.05);
      std::vector<Path> strips;
      for (int k = 0; k <= 4; ++k) {
        const double a = k / 4.0, y = y1 + (y0 - y1) * a, w = w1 + (w0 - w1) * a,
                     out = z + t * 2 + belly * std::sin(3.1416 * a);
        strips.push_back({{-w, y, out}, {w, y, out}, {w, y, out + t}, {-w, y, out + t}});
      }
      s.loft(strips);
    }
  }
  s.color(wood_color(d));
  if (!longship && d.chance(0.8))
    s.rod({0, rim(h, 0.95) - 0.1, length * 0.44}, {0, rim(h, 1) + length * 0.1, length * 0.68},
          0.008 * length, 0.004 * length);
  if (longship) {
    for (const double a : {0.02, 0.98})
      s.rod({0, rim(h, a) * 0.8, z_of(h, a)},
            {0, rim(h, a) + length * 0.1, z_of(h, a) + (a > 0.5 ? 1 : -1) * length * 0.04},
            0.012 * length, 0.006 * length);
    if (d.chance(0.6))
      for (int i = 0; i < 7; ++i)
        for (const int side : {-1, 1}) {
          const double a = 0.2 + 0.6 * i / 6;
          s.rod(
              {side * half_beam(h, a), h.depth, z_of(h, a)},
              {side * (half_beam(h, a) + length * 0.12), 0.02 * length, z_of(h, a) - length * 0.02},
              0.004 * length);
        }
  }
}

}  // namespace

void make_watercraft(Shaper& s, Draw& d) {
  switch (d.pick({2.5, 1.2, 2.5, 2.5, 1, 2})) {
    case 0:
      return rowing(s, d);
    case 1:
      return dinghy(s, d);
    case 2:
      return sailing(s, d);
    case 3:
      return motor(s, d);
    case 4:
      return freighter(s, d);
    default:
      return old_ship(s, d);
  }
}

}  // namespace voxgrad
