// Cabinets: cupboards, chests of drawers, wardrobes, bookcases, shelves, kitchen units.
#include <algorithm>

#include "datasets/synth/families.h"
#include "datasets/synth/legs.h"
#include "datasets/synth/palette.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

struct Cabinet {
  double width, depth, height, board;
  Color body, front, handle;
};

// Boards round an open box: kind of back 0 none, 1 board.
void carcass(Shaper& s, const Cabinet& c, double y0, double y1, bool back) {
  const double x = c.width / 2, z = c.depth / 2, b = c.board;
  s.color(c.body);
  s.box({-x, y0, -z}, {-x + b, y1, z});
  s.box({x - b, y0, -z}, {x, y1, z});
  s.box({-x + b, y1 - b, -z}, {x - b, y1, z});
  s.box({-x + b, y0, -z}, {x - b, y0 + b, z});
  if (back) s.box({-x + b, y0 + b, -z}, {x - b, y1 - b, -z + b * 0.6});
}

// One opening: 0 open, 1 a door, 2 two doors, 3 drawers, 4 glass.
void opening(Shaper& s, Draw& d, const Cabinet& c, const Vec3& low, const Vec3& high, int kind) {
  if (kind == 0) return;
  const double gap = 0.006, z = high[2], w = high[0] - low[0], h = high[1] - low[1];
  const int columns = kind == 2 || kind == 4 ? 2 : 1;
  const int rows = kind == 3 ? std::max(1, std::min(6, int(h / d.real(0.14, 0.3)))) : 1;
  const bool frame = d.chance(0.3), bars = d.chance(0.5), handles = d.chance(0.75);
  for (int i = 0; i < columns; ++i)
    for (int j = 0; j < rows; ++j) {
      const double x0 = low[0] + w * i / columns + gap, x1 = low[0] + w * (i + 1) / columns - gap;
      const double y0 = low[1] + h * j / rows + gap, y1 = low[1] + h * (j + 1) / rows - gap;
      s.color(kind == 4 ? glass_color(d) : c.front);
      s.box({x0, y0, z - 0.018}, {x1, y1, z + 0.004});
      if (frame && x1 - x0 > 0.15 && y1 - y0 > 0.1) {
        s.color(shaded(c.front, 0.85));
        s.box({x0 + 0.05, y0 + 0.04, z}, {x1 - 0.05, y1 - 0.04, z + 0.012});
      }
      if (!handles) continue;
      s.color(c.handle);
      const double out = z + 0.035;
      if (kind == 3) {
        const double y = (y0 + y1) / 2, x = (x0 + x1) / 2;
        if (bars)
          s.beam({x - 0.06, y, out}, {x + 0.06, y, out}, 0.015, 0.015);
        else
          s.ball({x, y, z + 0.02}, {0.018, 0.018, 0.02}, 8);
      } else {
        const double x = i == 0 && columns == 2 ? x1 - 0.035 : x0 + 0.035, y = y0 + (y1 - y0) * 0.5;
        if (bars)
          s.beam({x, y - 0.07, out}, {x, y + 0.07, out}, 0.015, 0.015);
        else
          s.ball({x, y, z + 0.02}, {0.018, 0.018, 0.02}, 8);
      }
    }
}

// Fills the inside with shelves and fronts, column by column.
void fill(Shaper& s, Draw& d, const Cabinet& c, double y0, double y1, double open_share) {
  const double x = c.width / 2 - c.board, z = c.depth / 2, b = c.board;
  const int columns = std::max(1, std::min(4, int(c.width / d.real(0.4, 0.9))));
  const bool uniform = d.chance(0.6);
  int rows = std::max(1, std::min(7, int((y1 - y0) / d.real(0.25, 0.7))));
  int kind = d.chance(open_share) ? 0 : d.pick({0, 2, 3, 3, 0.5});
  for (int i = 0; i < columns; ++i) {
    const double a = -x + 2 * x * i / columns, e = -x + 2 * x * (i + 1) / columns;
    s.color(c.body);
    if (i > 0) s.box({a - b / 2, y0, -z}, {a + b / 2, y1, z - 0.02});
    if (!uniform) {
      rows = std::max(1, std::min(7, int((y1 - y0) / d.real(0.25, 0.9))));
      kind = d.chance(open_share) ? 0 : d.pick({0, 2, 3, 3, 0.5});
    }
    for (int j = 0; j < rows; ++j) {
      const double low = y0 + (y1 - y0) * j / rows, high = y0 + (y1 - y0) * (j + 1) / rows;
      s.color(c.body);
      if (j > 0) s.box({a, low - b / 2, -z}, {e, low + b / 2, z - 0.02});
      opening(s, d, c, {a, low, -z}, {e, high, z}, kind);
      if (!uniform && d.chance(0.3)) kind = d.chance(open_share) ? 0 : d.pick({0, 2, 3, 3, 0.5});
    }
  }
}

void shelf_of_posts(Shaper& s, Draw& d, const Cabinet& c) {
  const double x = c.width / 2, z = c.depth / 2, t = d.real(0.015, 0.035);
  const int levels = d.integer(3, 6);
  s.color(c.body);
  for (const int side : {-1, 1})
    for (const int end : {-1, 1})
      s.box({side * x, 0, end * z}, {side * (x - t), c.height, end * (z - t)});
  s.color(c.front);
  for (int i = 0; i < levels; ++i) {
    const double y = c.height * (0.08 + 0.9 * i / (levels - 1));
    s.box({-x, y - 0.02, -z}, {x, y + 0.005, z});
  }
  if (d.chance(0.4)) {
    s.color(c.body);
    s.beam({-x, 0.1, -z}, {x, c.height * 0.95, -z}, 0.012, 0.012);
    s.beam({x, 0.1, -z}, {-x, c.height * 0.95, -z}, 0.012, 0.012);
  }
}

void ladder_shelf(Shaper& s, Draw& d, const Cabinet& c) {
  const double x = c.width / 2, lean = d.real(0.2, 0.45);
  const int levels = d.integer(3, 5);
  s.color(c.body);
  for (const int side : {-1, 1}) {
    s.beam({side * x, 0, lean}, {side * x, c.height, 0}, 0.03, 0.04);
    s.beam({side * x, 0, 0}, {side * x, c.height, 0}, 0.03, 0.03);
  }
  s.color(c.front);
  for (int i = 0; i < levels; ++i) {
    const double up = 0.12 + 0.85 * i / (levels - 1), front = lean * (1 - up) + 0.03;
    s.box({-x, c.height * up - 0.015, -0.02}, {x, c.height * up + 0.015, front});
  }
}

void cubes(Shaper& s, Draw& d, Cabinet c) {  // a grid of open cubes
  const int columns = d.integer(1, 4), rows = d.integer(1, 5);
  const double unit = d.real(0.33, 0.4);
  c.width = columns * unit;
  c.height = rows * unit;
  c.depth = d.real(0.3, 0.42);
  const double b = d.real(0.015, 0.04), x = c.width / 2, z = c.depth / 2;
  const bool back = d.chance(0.4);
  s.color(c.body);
  for (int i = 0; i <= columns; ++i)
    s.box({-x + i * unit - b / 2, 0, -z}, {-x + i * unit + b / 2, c.height, z});
  for (int j = 0; j <= rows; ++j) s.box({-x, j * unit - b / 2, -z}, {x, j * unit + b / 2, z});
  if (back) s.box({-x, 0, -z}, {x, c.height, -z + 0.012});
  s.color(c.front);
  for (int i = 0; i < columns; ++i)
    for (int j = 0; j < rows; ++j)
      if (d.chance(0.25))
        s.box({-x + i * unit + b, j * unit + b, -z + 0.02},
              {-x + (i + 1) * unit - b, (j + 1) * unit - b, z - 0.01});
}

void kitchen(Shaper& s, Draw& d, Cabinet c) {
  c.height = d.real(0.82, 0.92);
  c.depth = d.real(0.55, 0.65);
  c.width = d.real(0.4, 1.2);
  const double x = c.width / 2, z = c.depth / 2, plinth = 0.1, top = c.height - 0.04;
  s.color(shaded(c.body, 0.5));
  s.box({-x, 0, -z}, {x, plinth, z - 0.05});
  s.color(c.body);
  s.box({-x, plinth, -z}, {x, top, z - 0.01});
  opening(s, d, c, {-x, plinth, -z}, {x, top, z}, d.integer(1, 3));
  s.color(wood_color(d));
  const double over = d.real(0, 0.04);
  s.box({-x - over, top, -z}, {x + over, c.height, z + 0.02 + over});
  switch (d.pick({2, 1, 1})) {
    case 1:  // a tap over a sink's rim
      s.color(metal_color(d));
      s.box({-x * 0.7, c.height, -z * 0.6}, {x * 0.7, c.height + 0.01, z * 0.7});
      s.tube({{0, c.height, -z * 0.75},
              {0, c.height + 0.2, -z * 0.75},
              {0, c.height + 0.25, -z * 0.55},
              {0, c.height + 0.22, -z * 0.35}},
             0.015);
      break;
    case 2:  // plates of a cooker
      s.color(grey(0.1));
      for (const int i : {-1, 1})
        for (const int j : {-1, 1})
          s.lathe({i * x * 0.5, c.height, j * z * 0.45}, {{0.08, 0}, {0.08, 0.012}}, 14);
      break;
    default:
      break;
  }
}

void appliance(Shaper& s, Draw& d, Cabinet c) {  // fridge, washing machine
  s.color(d.chance(0.7) ? grey(d.real(0.75, 0.97)) : metal_color(d));
  if (d.chance(0.5)) {
    const double x = d.real(0.25, 0.45), z = d.real(0.28, 0.38), h = d.real(1.1, 2.0);
    s.cushion({-x, 0.02, -z}, {x, h, z - 0.03}, 0.06);
    const double split = h * (d.chance(0.5) ? d.real(0.3, 0.45) : d.real(0.6, 0.75));
    s.cushion({-x, 0.05, z - 0.035}, {x, split - 0.005, z}, 0.06);
    s.cushion({-x, split + 0.005, z - 0.035}, {x, h, z}, 0.06);
    s.color(c.handle);
    for (const double y : {split - 0.25, split + 0.1})
      s.beam({-x + 0.05, y, z + 0.03}, {-x + 0.05, y + 0.2, z + 0.03}, 0.02, 0.02);
  } else {
    s.cushion({-0.3, 0, -0.3}, {0.3, 0.85, 0.3}, 0.07);
    s.color(grey(0.4));
    s.ring({0, 0.42, 0.3}, {0, 0, 1}, 0.17, 0.025);
    s.color(glass_color(d));
    s.ball({0, 0.42, 0.3}, {0.15, 0.15, 0.05}, 14);
    s.box({-0.1, 0.74, 0.29}, {0.1, 0.8, 0.31});
  }
}

}  // namespace

void make_cabinet(Shaper& s, Draw& d) {
  Cabinet c;
  const int shape = d.pick({3, 2, 3, 2});  // low and wide, chest, tall and narrow, wardrobe
  c.width = shape == 0   ? d.real(0.9, 2.0)
            : shape == 1 ? d.real(0.4, 1.0)
            : shape == 2 ? d.real(0.3, 0.9)
                         : d.real(0.8, 1.8);
  c.height = shape == 0   ? d.real(0.35, 0.85)
             : shape == 1 ? d.real(0.5, 1.2)
             : shape == 2 ? d.real(1.3, 2.2)
                          : d.real(1.7, 2.3);
  c.depth = shape == 3 ? d.real(0.45, 0.65) : d.real(0.25, 0.55);
  c.board = d.chance(0.8) ? d.real(0.015, 0.03) : d.real(0.03, 0.06);
  c.body = d.chance(0.8) ? wood_color(d) : paint_color(d);
  c.front = d.chance(0.5)   ? shaded(c.body, d.real(0.85, 1.12))
            : d.chance(0.5) ? wood_color(d)
                            : paint_color(d);
  c.handle = metal_color(d);
  switch (d.pick({9, 1.2, 0.6, 1.3, 1.8, 1})) {
    case 1:
      return shelf_of_posts(s, d, c);
    case 2:
      return ladder_shelf(s, d, c);
    case 3:
      return cubes(s, d, c);
    case 4:
      return kitchen(s, d, c);
    case 5:
      return appliance(s, d, c);
    default:
      break;
  }
  const double x = c.width / 2, z = c.depth / 2;
  double legs = 0;
  const int foot = d.pick({3, 2, 2.5});
  if (foot == 1) {
    legs = d.real(0.04, 0.1);
    s.color(shaded(c.body, 0.7));
    s.box({-x + 0.02, 0, -z + 0.02}, {x - 0.02, legs, z - 0.03});
  } else if (foot == 2) {
    legs = d.real(0.06, shape == 0 ? 0.3 : 0.18);
    s.color(d.chance(0.6) ? c.body : metal_color(d));
    LegStyle style = draw_legs(d, 0.025, 0.06);
    style.stretchers = 0;
    style.splay = d.chance(0.3) ? 0.03 : 0;
    four_legs(s, {c.width, c.depth, legs}, style);
  }
  if (d.chance(0.16)) {  // a solid body with fronts on it
    s.color(c.body);
    s.box({-x, legs, -z}, {x, c.height, z - 0.015});
    opening(s, d, c, {-x, legs, -z}, {x, c.height, z}, d.integer(1, 3));
  } else {
    carcass(s, c, legs, c.height, d.chance(0.8));
    fill(s, d, c, legs + c.board, c.height - c.board, shape == 2 ? 0.6 : shape == 3 ? 0.15 : 0.3);
  }
  if (d.chance(0.25)) {  // a top that stands over, or a cornice
    const double over = d.real(0.01, 0.05), t = d.real(0.02, 0.06);
    s.color(d.chance(0.6) ? c.body : c.front);
    s.box({-x - over, c.height, -z}, {x + over, c.height + t, z + over});
  }
  if (shape == 1 && d.chance(0.12)) {  // a mirror
    s.color(c.body);
    s.box({-x * 0.7, c.height, -z}, {x * 0.7, c.height + d.real(0.4, 0.7), -z + 0.03});
  }
}

}  // namespace voxgrad
