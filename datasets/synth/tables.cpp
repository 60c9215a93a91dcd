// Tables: dining, coffee and side tables, desks, round ones, trestles, counters.
#include <algorithm>

#include "datasets/synth/families.h"
#include "datasets/synth/legs.h"
#include "datasets/synth/palette.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

struct Table {
  double width, depth, height, thickness;
  Color top, frame;
};

void top_plate(Shaper& s, Draw& d, const Table& t, bool round) {
  const double y0 = t.height - t.thickness, y1 = t.height;
  s.color(t.top);
  if (round) {
    const int sides = d.chance(0.15) ? d.integer(6, 8) : 28;
    s.extrude(1, oval(t.width / 2, t.depth / 2, sides), y0, y1);
  } else if (d.chance(0.2)) {
    s.extrude(1, rounded_rectangle(t.width, t.depth, d.real(0.03, 0.25)), y0, y1);
  } else {
    s.box({-t.width / 2, y0, -t.depth / 2}, {t.width / 2, y1, t.depth / 2});
  }
}

void drawers(Shaper& s, Draw& d, const Vec3& low, const Vec3& high, int count, const Color& front) {
  const double pitch = (high[1] - low[1]) / count, gap = 0.012;
  const bool knobs = d.chance(0.7);
  for (int i = 0; i < count; ++i) {
    const double y0 = low[1] + i * pitch + gap, y1 = low[1] + (i + 1) * pitch - gap;
    s.color(front);
    s.box({low[0] + gap, y0, high[2] - 0.005}, {high[0] - gap, y1, high[2] + 0.012});
    if (!knobs) continue;
    s.color(grey(0.3));
    s.ball({(low[0] + high[0]) / 2, (y0 + y1) / 2, high[2] + 0.022}, {0.02, 0.012, 0.012}, 8);
  }
}

void desk(Shaper& s, Draw& d, Table t) {
  t.width = d.real(1.0, 1.8);
  t.depth = d.real(0.5, 0.85);
  t.height = d.real(0.7, 0.8);
  top_plate(s, d, t, false);
  const double y1 = t.height - t.thickness, x = t.width / 2, z = t.depth / 2;
  const double unit = d.real(0.3, 0.5);
  const int left = d.pick({3, 3, 1}), right = d.pick({1, 2, 3});  // nothing, drawers, a side board
  const Color front = shaded(t.frame, d.real(0.8, 1.15));
  for (const int side : {-1, 1}) {
    const int kind = side < 0 ? left : right;
    s.color(t.frame);
    if (kind == 1) {
      const double low = d.chance(0.4) ? d.real(0.05, 0.35) : 0;
      const double in = side * (x - unit), out = side * x;
      s.box({in, low, -z}, {out, y1, z - 0.02});
      drawers(s, d, {std::min(in, out), low, -z}, {std::max(in, out), y1, z - 0.02},
              d.integer(1, 4), front);
      if (low > 0)
        for (const int end : {-1, 1}) {
          s.box({out, 0, end * z * 0.95}, {out - side * 0.04, low, end * (z * 0.95 - 0.04)});
          s.box({in, 0, end * z * 0.95}, {in + side * 0.04, low, end * (z * 0.95 - 0.04)});
        }
    } else if (kind == 2) {
      s.box({side * x, 0, -z}, {side * (x - 0.03), y1, z});
    } else {
      for (const int end : {-1, 1})
        s.box({side * x, 0, end * z}, {side * (x - 0.05), y1, end * (z - 0.05)});
    }
  }
  s.color(t.frame);
  if (d.chance(0.5)) s.box({-x + 0.03, d.real(0.15, 0.45), -z + 0.02}, {x - 0.03, y1, -z + 0.04});
  if (d.chance(0.2)) {  // a hutch
    const double top = t.height + d.real(0.25, 0.55);
    for (const double at : {-x, -0.012, x - 0.024})
      s.box({at, t.height, -z}, {at + 0.024, top, -z + 0.25});
    s.box({-x, top, -z}, {x, top + 0.024, -z + 0.25});
  }
}

void corner_desk(Shaper& s, Draw& d, Table t) {
  const double a = d.real(1.2, 1.8), b = d.real(1.0, 1.7), w = d.real(0.45, 0.65);
  const double y0 = t.height - t.thickness;
  const double side = d.chance(0.5) ? 1 : -1;
  s.moved(
      [&](const Vec3& p) {
        return Vec3{side * (p[0] - a / 2), p[1], p[2] - b / 2};
      },
      [&] {
        s.color(t.top);
        s.box({0, y0, 0}, {a, t.height, w});
        s.box({0, y0, w}, {w, t.height, b});
        s.color(t.frame);
        const double l = d.real(0.035, 0.06);
        for (const auto& [x, z] :
             {std::array{0.0, 0.0}, {a - l, 0.0}, {a - l, w - l}, {0.0, b - l}, {w - l, b - l}})
          s.box({x, 0, z}, {x + l, y0, z + l});
        if (d.chance(0.5)) s.box({0, d.real(0, 0.3), 0}, {a, y0, 0.02});
      });
}

void block(Shaper& s, Draw& d, Table t) {  // bent from one board, or of boards
  const double b = d.real(0.02, 0.08), x = t.width / 2, z = t.depth / 2, h = t.height;
  s.color(t.frame);
  switch (d.pick({2, 1.5, 1.5, 1})) {
    case 0:  // a bridge
      s.box({-x, h - b, -z}, {x, h, z});
      s.box({-x, 0, -z}, {-x + b, h - b, z});
      s.box({x - b, 0, -z}, {x, h - b, z});
      if (d.chance(0.4)) s.box({-x + b, h * 0.2, -z}, {x - b, h * 0.2 + b, z});
      break;
    case 1:  // a frame all round
      s.box({-x, 0, -z}, {x, b, z});
      s.box({-x, h - b, -z}, {x, h, z});
      s.box({-x, b, -z}, {-x + b, h - b, z});
      s.box({x - b, b, -z}, {x, h - b, z});
      if (d.chance(0.3)) s.box({-b / 2, b, -z}, {b / 2, h - b, z});
      break;
    case 2: {  // a C
      s.box({-x, 0, -z}, {x, b, z});
      s.box({-x, h - b, -z}, {x, h, z});
      s.box({-x, b, -z}, {-x + b, h - b, z});
      break;
    }
    default:  // a solid block
      s.box({-x, 0, -z}, {x, h, z});
      s.color(t.top);
      s.box({-x * 1.02, h, -z * 1.02}, {x * 1.02, h + b, z * 1.02});
  }
}

void counter(Shaper& s, Draw& d, const Table& t) {  // part of a ring
  const double outer = d.real(0.9, 1.4), depth = d.real(0.3, 0.5), h = d.real(0.75, 1.1);
  const double sweep = d.real(120, 250);
  constexpr int steps = 20;
  const auto arc = [&](double r0, double r1, double y0, double y1) {
    std::vector<Path> sections;
    for (int i = 0; i <= steps; ++i) {
      const double angle = -sweep / 2 + sweep * i / steps;
      Path section;
      for (const auto& [r, y] : {std::array{r0, y0}, {r1, y0}, {r1, y1}, {r0, y1}})
        section.push_back(turned({0, y, r}, angle));
      sections.push_back(section);
    }
    s.loft(sections);
  };
  s.color(t.frame);
  if (d.chance(0.6))
    arc(outer - 0.06, outer - 0.02, 0, h - 0.03);
  else
    arc(outer - depth, outer - 0.02, 0, h - 0.03);
  s.color(t.top);
  arc(outer - depth, outer, h - 0.03, h);
}

void picnic(Shaper& s, Draw& d, const Table& t) {
  const double x = d.real(0.7, 1.0), h = 0.75, seat = 0.45;
  s.color(t.frame);
  for (const int side : {-1, 1}) {
    const double at = side * x * 0.75;
    for (const int end : {-1, 1})
      s.beam({at, 0.03, end * 0.55}, {at, h - 0.04, end * 0.25}, 0.04, 0.08);
    s.box({at - 0.02, seat - 0.1, -0.75}, {at + 0.02, seat - 0.03, 0.75});
  }
  s.color(t.top);
  s.box({-x, h - 0.04, -0.38}, {x, h, 0.38});
  for (const int end : {-1, 1}) s.box({-x, seat - 0.03, end * 0.5}, {x, seat, end * 0.78});
}

void hairpins(Shaper& s, Draw& d, const Table& t, double height) {
  const double r = d.real(0.008, 0.014), x = t.width / 2 - 0.08, z = t.depth / 2 - 0.08;
  const double out = d.real(0, 0.06);
  for (const int side : {-1, 1})
    for (const int end : {-1, 1}) {
      const Vec3 foot{side * (x + out), r, end * (z + out)};
      s.tube({{side * (x - 0.06), height, end * z}, foot, {side * x, height, end * (z - 0.06)}}, r);
    }
}

}  // namespace

void make_table(Shaper& s, Draw& d) {
  Table t;
  const int size = d.pick({4, 3, 2.5});  // dining, coffee, side
  t.height = size == 0 ? d.real(0.68, 0.8) : size == 1 ? d.real(0.28, 0.5) : d.real(0.45, 0.75);
  t.width = size == 0 ? d.real(0.9, 2.0) : size == 1 ? d.real(0.7, 1.3) : d.real(0.35, 0.6);
  t.depth = t.width * (d.chance(0.35) ? 1 : d.real(0.45, 0.9));
  t.thickness = d.chance(0.7) ? d.real(0.018, 0.045) : d.real(0.045, 0.1);
  t.frame = d.chance(0.65) ? wood_color(d) : metal_color(d);
  t.top = d.chance(0.5)   ? t.frame
          : d.chance(0.7) ? wood_color(d)
          : d.chance(0.5) ? glass_color(d)
                          : plastic_color(d);
  switch (d.pick({9, 4, 2.2, 0.8, 2, 0.6, 0.5})) {
    case 1: {  // on one or two columns
      const bool two = size == 0 && t.width > 1.3 && d.chance(0.5), round = !two && d.chance(0.75);
      if (round && d.chance(0.8)) t.depth = t.width;
      top_plate(s, d, t, round);
      s.color(t.frame);
      const double reach = std::min(t.width, t.depth) * d.real(0.25, 0.42), r = d.real(0.02, 0.06);
      const int kind = d.pick({3, 3, 0, 2});
      for (const int side : {-1, 1}) {
        if (!two && side > 0) break;
        pedestal(s, d, {two ? side * t.width * 0.3 : 0, t.height - t.thickness, 0}, reach, r, kind);
      }
      return;
    }
    case 2:
      desk(s, d, t);
      return;
    case 3:
      corner_desk(s, d, t);
      return;
    case 4:
      block(s, d, t);
      return;
    case 5:
      counter(s, d, t);
      return;
    case 6:
      picnic(s, d, t);
      return;
    default:
      break;
  }
  const bool round = d.chance(0.22);
  if (round && d.chance(0.7)) t.depth = t.width;
  top_plate(s, d, t, round);
  s.color(t.frame);
  const double under = t.height - t.thickness;
  const double fit = round ? 0.68 : 1;
  const Footprint at{t.width * fit * d.real(0.88, 1), t.depth * fit * d.real(0.88, 1), under};
  const int kind = d.pick({8, 2.5, 1, 0.7});
  if (kind == 1) {
    side_supports(s, at, d.integer(0, 3), d.real(0.025, 0.07));
  } else if (kind == 2) {
    hairpins(s, d, {at.width, at.depth, 0, 0, {}, {}}, under);
  } else if (kind == 3) {
    for (const int side : {-1, 1})
      for (const int end : {-1, 1})
        turned_leg(s, d, {side * (at.width / 2 - 0.04), 0, end * (at.depth / 2 - 0.04)}, under,
                   d.real(0.03, 0.05));
  } else {
    LegStyle style = draw_legs(d, 0.03, size == 0 ? 0.09 : 0.06);
    style.stretchers = d.chance(0.2) ? style.stretchers : 0;
    four_legs(s, at, style);
  }
  if (!round && d.chance(0.45)) {  // apron
    const double low = under - d.real(0.05, 0.13), x = at.width / 2 - 0.03, z = at.depth / 2 - 0.03;
    if (d.chance(0.5)) {
      s.box({-x, low, -z}, {x, under, z});
    } else {
      for (const int end : {-1, 1}) {
        s.box({-x, low, end * z}, {x, under, end * (z - 0.02)});
        s.box({end * x, low, -z}, {end * (x - 0.02), under, z});
      }
    }
  }
  if (d.chance(size == 0 ? 0.08 : 0.3)) {  // a shelf below
    const double y = under * d.real(0.2, 0.5);
    s.box({-at.width / 2 + 0.02, y, -at.depth / 2 + 0.02},
          {at.width / 2 - 0.02, y + 0.02, at.depth / 2 - 0.02});
  }
}

}  // namespace voxgrad
