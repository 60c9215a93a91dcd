// Aeroplanes: airliners, propeller planes, biplanes, fighters, gliders.
#include <algorithm>

#include "datasets/synth/families.h"
#include "datasets/synth/palette.h"
#include "datasets/synth/vehicles.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

struct Wing {
  double root, tip;    // chords
  double span, sweep;  // of one side; how far the tip lies behind
  double rise, thickness;
};

// A pair of wings whose roots' middles are at (0, y, z).
void wings(Shaper& s, const Wing& w, double y, double z) {
  const auto section = [&](double x, double chord, double back, double up, double t) {
    return Path{{x, y + up - t / 2, z + chord / 2 - back},
                {x, y + up + t / 2, z + chord * 0.2 - back},
                {x, y + up, z - chord / 2 - back},
                {x, y + up - t / 2, z + chord * 0.1 - back}};
  };
  s.mirrored([&] {
    s.loft({section(0, w.root, 0, 0, w.thickness),
            section(w.span, w.tip, w.sweep, w.rise, w.thickness * 0.5)});
  });
}

void fin(Shaper& s, double z, double y, double height, double root, double tip, double sweep,
         double t, double x = 0) {
  s.loft({{{x - t, y, z - root / 2},
           {x + t, y, z - root / 2},
           {x + t, y, z + root / 2},
           {x - t, y, z + root / 2}},
          {{x - t * 0.5, y + height, z - sweep - tip / 2},
           {x + t * 0.5, y + height, z - sweep - tip / 2},
           {x + t * 0.5, y + height, z - sweep + tip / 2},
           {x - t * 0.5, y + height, z - sweep + tip / 2}}});
}

void fuselage(Shaper& s, double length, double r, double nose, double tail, double tail_lift) {
  std::vector<Path> sections;
  constexpr int sides = 14;
  for (int i = 0; i <= 16; ++i) {
    const double a = i / 16.0;  // 0 tail .. 1 nose
    double scale = 1, lift = 0;
    if (a < tail) {
      scale = 0.15 + 0.85 * std::sin(a / tail * 1.5708);
      lift = tail_lift * (1 - scale);
    } else if (a > 1 - nose) {
      const double b = (a - 1 + nose) / nose;
      scale = std::sqrt(std::max(0.004, 1 - b * b));
    }
    Path section;
    for (const auto& [x, y] : oval(r * scale, r * scale, sides))
      section.push_back({x, y + lift, (a - 0.5) * length});
    sections.push_back(section);
  }
  s.loft(sections);
}

void engine(Shaper& s, double x, double y, double z, double r, double length) {
  s.rod({x, y, z - length / 2}, {x, y, z + length / 2}, r * 0.6, r, 14);
}

void propeller(Shaper& s, Draw& d, double x, double y, double z, double reach) {
  s.color(grey(0.25));
  const int blades = d.integer(2, 4);
  const double turn = d.real(0, 3.1);
  for (int i = 0; i < blades; ++i) {
    const double a = turn + 6.2832 * i / blades;
    s.beam({x, y, z}, {x + reach * std::cos(a), y + reach * std::sin(a), z}, reach * 0.14,
           reach * 0.06);
  }
  s.rod({x, y, z - reach * 0.1}, {x, y, z + reach * 0.2}, reach * 0.15, reach * 0.03);
}

void airliner(Shaper& s, Draw& d, const Color& body) {
  const double length = 10, r = d.real(0.45, 0.65);
  s.color(body);
  fuselage(s, length, r, d.real(0.08, 0.15), d.real(0.25, 0.35), r * 0.6);
  const Wing w{d.real(1.6, 2.3), d.real(0.5, 0.8), length * d.real(0.42, 0.52),
               d.real(1.2, 2.4), d.real(0.2, 0.6), 0.2};
  const double z = d.real(-0.2, 0.7), y = -r * d.real(0.4, 0.7);
  s.color(d.chance(0.5) ? body : grey(0.8));
  wings(s, w, y, z);
  const bool high = d.chance(0.25);
  const double fin_height = d.real(1.3, 1.9);
  s.color(d.chance(0.5) ? paint_color(d) : body);
  fin(s, -length * 0.43, r * 0.6, fin_height, 1.4, 0.7, 0.6, 0.1);
  wings(s, {0.9, 0.45, length * 0.17, 0.5, 0.1, 0.1}, high ? r * 0.6 + fin_height : r * 0.5,
        high ? -length * 0.49 : -length * 0.44);
  s.color(grey(d.real(0.5, 0.9)));
  if (d.chance(0.25)) {
    for (const int side : {-1, 1}) engine(s, side * (r + 0.35), r * 0.5, -length * 0.3, 0.32, 1.3);
  } else {
    const int pairs = d.chance(0.3) ? 2 : 1;
    for (int i = 0; i < pairs; ++i)
      for (const int side : {-1, 1}) {
        const double share = pairs == 1 ? 0.35 : 0.3 + 0.32 * i;
        engine(s, side * w.span * share, y + w.rise * share - 0.38, z - w.sweep * share + 0.7, 0.34,
               1.2);
      }
  }
  s.color(glass_color(d));
  s.box({-r * 0.5, r * 0.35, length * 0.43}, {r * 0.5, r * 0.6, length * 0.455});
}

void propeller_plane(Shaper& s, Draw& d, const Color& body) {
  const double length = 7, r = d.real(0.45, 0.6);
  s.color(body);
  fuselage(s, length, r, d.real(0.05, 0.12), d.real(0.45, 0.6), r * 0.4);
  const int levels = d.pick({0, 3, 1.3});  // 1 or 2
  const bool high = levels == 1 && d.chance(0.5), twin = levels == 1 && d.chance(0.25);
  const double z = length * d.real(0.1, 0.2), span = d.real(3.8, 5.2);
  const Wing w{d.real(1.1, 1.5), d.real(0.7, 1.2), span, d.real(-0.1, 0.3), d.real(0, 0.3), 0.17};
  s.color(d.chance(0.5) ? body : paint_color(d));
  wings(s, w, high ? r * 0.95 : -r * 0.6, z);
  if (levels == 2) {
    const double top = r + d.real(0.5, 0.9);
    wings(s, w, top, z + 0.2);
    for (const int side : {-1, 1})
      for (const double share : {0.25, 0.7})
        for (const double at : {-0.3, 0.3})
          s.rod({side * span * share, -r * 0.6 + w.rise * share, z + at},
                {side * span * share, top + w.rise * share, z + 0.2 + at}, 0.035);
  }
  fin(s, -length * 0.44, r * 0.3, d.real(0.9, 1.2), 0.9, 0.5, 0.25, 0.07);
  wings(s, {0.8, 0.6, d.real(1.3, 1.7), 0.1, 0, 0.08}, r * 0.4, -length * 0.45);
  if (!twin) propeller(s, d, 0, 0, length * 0.51, d.real(0.8, 1.1));
  if (twin)
    for (const int side : {-1, 1}) {
      s.color(body);
      engine(s, side * span * 0.35, -r * 0.4, z + 0.6, 0.3, 1.5);
      propeller(s, d, side * span * 0.35, -r * 0.4, z + 1.4, 0.7);
    }
  s.color(glass_color(d));
  s.ball({0, r * 0.8, z + 0.2}, {r * 0.6, r * 0.6, 0.9}, 12);
  if (d.chance(0.75)) {
    for (const int side : {-1, 1}) {
      s.color(grey(0.3));
      s.rod({side * 0.4, -r * 0.6, z + 0.4}, {side * 0.8, -r - 0.55, z + 0.6}, 0.06);
      wheel(s, side * 0.9, -r - 0.6, z + 0.6, 0.3, 0.18, grey(0.6));
    }
    wheel(s, 0.07, -r * 0.4, -length * 0.45, 0.15, 0.14, grey(0.6));
  }
}

void fighter(Shaper& s, Draw& d, const Color& body) {
  const double length = 9, r = d.real(0.45, 0.6);
  s.color(body);
  fuselage(s, length, r, d.real(0.3, 0.45), 0.12, 0);
  const bool delta = d.chance(0.5);
  const Wing w{delta ? d.real(3.5, 5) : d.real(1.8, 2.6),
               delta ? 0.3 : d.real(0.6, 1),
               d.real(2.2, 3.4),
               delta ? d.real(1.4, 2.2) : d.real(0.3, 1.6),
               0,
               0.14};
  wings(s, w, 0, delta ? -1.4 : -0.3);
  const int fins = d.integer(1, 2);
  for (int i = 0; i < fins; ++i)
    fin(s, -length * 0.38, r * 0.4, d.real(1.1, 1.6), 1.5, 0.6, 0.7, 0.06,
        fins == 2 ? (i ? 0.7 : -0.7) : 0);
  if (!delta || d.chance(0.3))
    wings(s, {1.1, 0.5, 1.6, 0.6, 0, 0.08}, 0, delta ? 2.0 : -length * 0.42);
  for (const int side : {-1, 1}) {
    if (d.chance(0.7))
      s.box({side * r * 0.6, -r * 0.6, -length * 0.35}, {side * r * 1.6, r * 0.5, length * 0.08});
    if (d.chance(0.5))
      s.rod({side * w.span * 0.6, -0.25, -1.8}, {side * w.span * 0.6, -0.25, 0}, 0.12, 0.05);
  }
  s.color(glass_color(d));
  s.ball({0, r * 0.75, length * 0.2}, {r * 0.55, r * 0.6, 1}, 12);
}

void glider(Shaper& s, Draw& d, const Color& body) {
  s.color(body);
  fuselage(s, 7, 0.35, 0.25, 0.6, 0.1);
  wings(s, {0.9, 0.4, d.real(6, 8), d.real(0, 0.3), d.real(0.2, 0.6), 0.12}, 0.2, 1);
  fin(s, -3.2, 0.1, 1.1, 0.8, 0.5, 0.2, 0.06);
  wings(s, {0.6, 0.4, 1.2, 0.1, 0, 0.06}, d.chance(0.5) ? 1.15 : 0.2, -3.3);
}

}  // namespace

void make_airplane(Shaper& s, Draw& d) {
  const Color body = d.chance(0.5) ? grey(d.real(0.7, 0.97)) : paint_color(d);
  switch (d.pick({3, 4, 2, 0.6})) {
    case 0:
      return airliner(s, d, body);
    case 1:
      return propeller_plane(s, d, body);
    case 2:
      return fighter(s, d, body);
    default:
      return glider(s, d, body);
  }
}

}  // namespace voxgrad
