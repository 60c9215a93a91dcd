// Long guns and pistols. They lie along x, the muzzle at either end.
#include "datasets/synth/families.h"
#include "datasets/synth/palette.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

struct Gun {
  double barrel, receiver, stock;  // lengths
  double height, width;            // of the receiver
  Color metal, wood, accent;
};

void plate(Shaper& s, const std::vector<std::array<double, 2>>& outline, double width) {
  s.extrude(2, outline, -width / 2, width / 2);
}

void grip(Shaper& s, const Gun& g, double x, double length, double lean) {
  const double w = g.height * 0.6, y = -g.height / 2;
  plate(s,
        {{x - w / 2 - lean, y - length},
         {x + w / 2 - lean, y - length},
         {x + w / 2, y + 0.01},
         {x - w / 2, y + 0.01}},
        g.width * 0.75);
}

void guard(Shaper& s, const Gun& g, double x) {
  const double y = -g.height / 2, r = g.height * 0.4;
  s.tube(
      {{x - r, y, 0}, {x - r * 0.8, y - r * 0.9, 0}, {x + r * 0.8, y - r * 0.9, 0}, {x + r, y, 0}},
      g.width * 0.14, 6);
  s.beam({x, y, 0}, {x - 0.01, y - r * 0.6, 0}, 0.006, 0.008);
}

void stock(Shaper& s, Draw& d, const Gun& g, double x1) {
  const double x0 = x1 - g.stock, h = g.height;
  switch (d.pick({4, 2, 1.5, 1.5})) {
    case 0:  // wooden, with its wrist
      plate(s,
            {{x0, -h * 1.25},
             {x1 - g.stock * 0.35, -h * 0.62},
             {x1, -h * 0.5},
             {x1, h * 0.3},
             {x1 - g.stock * 0.3, h * 0.18},
             {x0, h * 0.05}},
            g.width * 0.85);
      break;
    case 1:  // straight
      plate(s,
            {{x0, -h * 1.0},
             {x0 + g.stock * 0.25, -h * 0.9},
             {x1, -h * 0.35},
             {x1, h * 0.4},
             {x0, h * 0.4}},
            g.width * 0.8);
      break;
    case 2:  // a skeleton
      s.beam({x0, h * 0.2, 0}, {x1, h * 0.2, 0}, g.width * 0.4, h * 0.22);
      s.beam({x0, -h * 0.9, 0}, {x1, -h * 0.3, 0}, g.width * 0.4, h * 0.22);
      s.box({x0 - 0.015, -h * 1.1, -g.width * 0.4}, {x0 + 0.015, h * 0.35, g.width * 0.4});
      break;
    default:  // a tube with a butt
      s.rod({x0, h * 0.1, 0}, {x1, h * 0.1, 0}, h * 0.22);
      plate(s,
            {{x0, -h * 1.0},
             {x0 + g.stock * 0.45, -h * 0.4},
             {x0 + g.stock * 0.5, h * 0.35},
             {x0, h * 0.35}},
            g.width * 0.8);
  }
}

void magazine(Shaper& s, Draw& d, const Gun& g, double x, double length) {
  const double w = g.height * d.real(0.6, 0.9), y = -g.height / 2,
               bend = d.chance(0.5) ? length * d.real(0.1, 0.35) : 0;
  plate(s,
        {{x - w / 2, y + 0.01},
         {x + w / 2, y + 0.01},
         {x + w / 2 + bend * 0.4, y - length * 0.5},
         {x + w / 2 + bend, y - length},
         {x - w / 2 + bend, y - length},
         {x - w / 2 + bend * 0.4, y - length * 0.5}},
        g.width * 0.7);
}

void scope(Shaper& s, Draw& d, const Gun& g, double x) {
  const double length = d.real(0.14, 0.32), r = d.real(0.012, 0.022), y = g.height / 2 + 0.015 + r;
  s.rod({x - length / 2, y, 0}, {x + length / 2, y, 0}, r);
  s.rod({x + length * 0.25, y, 0}, {x + length / 2 + 0.01, y, 0}, r, r * 1.6, 12);
  s.rod({x - length / 2 - 0.01, y, 0}, {x - length * 0.3, y, 0}, r * 1.4, r, 12);
  for (const double at : {-0.15, 0.15})
    s.box({x + length * at - 0.01, g.height / 2 - 0.01, -r * 0.7},
          {x + length * at + 0.01, y, r * 0.7});
}

void long_gun(Shaper& s, Draw& d, Gun g) {
  const int kind = d.pick({3, 2, 3, 1.5});  // hunting, shotgun, assault, sub-machine gun
  g.barrel = d.real(0.35, 0.7);
  g.receiver = d.real(0.2, 0.32);
  g.stock = d.real(0.24, 0.36);
  g.height = d.real(0.045, 0.07);
  g.width = d.real(0.03, 0.05);
  if (kind == 3) g.barrel = d.real(0.12, 0.28), g.stock = d.real(0.15, 0.28);
  const double x0 = -g.receiver / 2, x1 = g.receiver / 2, r = d.real(0.009, 0.016),
               axis = g.height * d.real(0, 0.25);
  s.color(g.metal);
  s.rod({x1 - 0.02, axis, 0}, {x1 + g.barrel, axis, 0}, r * 1.2, r);
  if (kind == 1) {
    if (d.chance(0.5))
      s.rod({x1 - 0.02, axis, r * 1.6}, {x1 + g.barrel, axis, r * 1.6}, r);
    else
      s.rod({x1, axis - 2.1 * r, 0}, {x1 + g.barrel * 0.85, axis - 2.1 * r, 0}, r);
  }
  s.box({x0, -g.height / 2, -g.width / 2}, {x1, g.height / 2, g.width / 2});
  if (d.chance(0.5))
    s.box({x1 + g.barrel - 0.03, axis, -0.004},
          {x1 + g.barrel - 0.015, axis + g.height * 0.6, 0.004});
  if (d.chance(0.35))
    s.rod({x1 + g.barrel - 0.06, axis, 0}, {x1 + g.barrel + 0.03, axis, 0}, r * d.real(1.4, 2));
  s.color(g.wood);
  const double fore = g.barrel * d.real(0.3, kind == 0 ? 0.85 : 0.6),
               h = g.height * d.real(0.6, 0.95);
  if (d.chance(0.6))
    s.cushion({x1 - 0.01, axis - h * 0.75, -g.width * 0.5},
              {x1 + fore, axis + h * 0.25, g.width * 0.5}, 0.2);
  else
    s.box({x1 - 0.01, axis - h * 0.6, -g.width * 0.5}, {x1 + fore, axis + h * 0.4, g.width * 0.5});
  if (d.chance(0.93)) stock(s, d, g, x0 + 0.01);
  s.color(g.metal);
  guard(s, g, x0 + g.receiver * 0.3);
  if (kind >= 2) {
    s.color(g.accent);
    grip(s, g, x0 + g.receiver * 0.12, d.real(0.08, 0.11), d.real(0.01, 0.05));
    magazine(s, d, g, x0 + g.receiver * d.real(0.55, 0.9), d.real(0.1, 0.2));
    s.color(g.metal);
    if (d.chance(0.4)) {
      s.box({x0 + 0.02, g.height * 0.7, -0.012}, {x1, g.height * 0.95, 0.012});
      s.box({x0 + 0.02, g.height * 0.4, -0.01}, {x0 + 0.05, g.height * 0.8, 0.01});
      s.box({x1 - 0.04, g.height * 0.4, -0.01}, {x1 - 0.01, g.height * 0.8, 0.01});
    }
    if (d.chance(0.25)) grip(s, {0, 0, 0, g.height, g.width, {}, {}, {}}, x1 + fore * 0.7, 0.09, 0);
  } else if (d.chance(0.3)) {
    magazine(s, d, g, x0 + g.receiver * 0.6, d.real(0.03, 0.08));
  }
  s.color(g.metal);
  if (d.chance(0.4)) scope(s, d, g, d.real(-0.03, 0.05));
  if (d.chance(0.15))
    for (const int side : {-1, 1})
      s.rod({x1 + g.barrel * 0.7, axis, 0}, {x1 + g.barrel * 0.75, -0.2, side * 0.1}, 0.007);
}

void pistol(Shaper& s, Draw& d, Gun g) {
  g.height = d.real(0.035, 0.05);
  g.width = d.real(0.025, 0.036);
  g.receiver = d.real(0.14, 0.22);
  const double x0 = -g.receiver / 2, x1 = g.receiver / 2;
  const bool revolver = d.chance(0.4);
  s.color(g.metal);
  if (revolver) {
    const double barrel = d.real(0.08, 0.22), r = g.height * 0.55;
    s.rod({x0 + g.receiver * 0.4, 0, 0}, {x0 + g.receiver * 0.4 + barrel, 0, 0}, g.height * 0.3);
    s.beam({x0 + g.receiver * 0.4, -g.height * 0.35, 0},
           {x0 + g.receiver * 0.4 + barrel * 0.8, -g.height * 0.35, 0}, g.width * 0.4,
           g.height * 0.3);
    s.rod({x0 + g.receiver * 0.05, -g.height * 0.1, 0},
          {x0 + g.receiver * 0.35, -g.height * 0.1, 0}, r, r, 8);
    s.box({x0 - 0.02, -g.height * 0.6, -g.width * 0.4},
          {x0 + g.receiver * 0.42, -g.height * 0.4, g.width * 0.4});
    s.box({x0 - 0.02, -g.height * 0.5, -g.width * 0.4},
          {x0 + 0.01, g.height * 0.55, g.width * 0.4});
    s.box({x0 + g.receiver * 0.36, -g.height * 0.5, -g.width * 0.4},
          {x0 + g.receiver * 0.42, g.height * 0.5, g.width * 0.4});
  } else {
    s.box({x0, -g.height * 0.1, -g.width / 2}, {x1, g.height / 2, g.width / 2});
    s.box({x0, -g.height / 2, -g.width * 0.45},
          {x1 * d.real(0.5, 0.95), -g.height * 0.1, g.width * 0.45});
    s.rod({x1 - 0.01, g.height * 0.2, 0}, {x1 + d.real(0, 0.1), g.height * 0.2, 0}, g.height * 0.2);
  }
  guard(s, g, x0 + g.receiver * 0.38);
  s.color(g.wood);
  const double lean = d.real(0.01, 0.05);
  s.moved(
      [&](const Vec3& p) { return p; },
      [&] { grip(s, g, x0 + g.receiver * (revolver ? 0.02 : 0.16), d.real(0.09, 0.13), lean); });
}

void blaster(Shaper& s, Draw& d, Gun g) {  // blocks, as in games
  g.height = d.real(0.1, 0.16);
  g.width = d.real(0.05, 0.1);
  g.receiver = d.real(0.35, 0.6);
  const double x0 = -g.receiver / 2, x1 = g.receiver / 2;
  s.color(g.metal);
  s.box({x0, -g.height / 2, -g.width / 2}, {x1, g.height / 2, g.width / 2});
  if (d.chance(0.7))
    plate(s,
          {{x0 - 0.2, -g.height * 0.9},
           {x0 + 0.02, -g.height * 0.4},
           {x0 + 0.02, g.height * 0.4},
           {x0 - 0.2, g.height * 0.35}},
          g.width * 0.8);
  s.color(g.accent);
  s.box({x0 + g.receiver * 0.2, -g.height * 0.2, -g.width * 0.58},
        {x1 - g.receiver * 0.1, g.height * 0.15, g.width * 0.58});
  const int barrels = d.integer(1, 3);
  s.color(grey(0.3));
  for (int i = 0; i < barrels; ++i) {
    const double y = barrels == 1 ? 0 : g.height * (-0.25 + 0.5 * i / (barrels - 1));
    s.rod({x1 - 0.02, y, 0}, {x1 + d.real(0.08, 0.35), y, 0}, g.height * d.real(0.12, 0.25));
  }
  s.color(g.wood);
  grip(s, {0, 0, 0, g.height * 0.8, g.width, {}, {}, {}}, x0 + g.receiver * 0.2, d.real(0.1, 0.15),
       0.03);
  if (d.chance(0.6))
    magazine(s, d, {0, 0, 0, g.height, g.width, {}, {}, {}}, x0 + g.receiver * 0.65,
             d.real(0.06, 0.2));
  s.color(g.metal);
  if (d.chance(0.6)) scope(s, d, g, 0);
}

}  // namespace

void make_rifle(Shaper& s, Draw& d) {
  Gun g{};
  g.metal = d.chance(0.75) ? grey(d.real(0.04, 0.4)) : metal_color(d);
  g.wood = d.chance(0.55) ? wood_color(d) : grey(d.real(0.05, 0.35));
  g.accent = d.chance(0.7) ? g.metal : plastic_color(d);
  const double facing = d.chance(0.5) ? 90 : -90, turn = d.chance(0.15)  ? facing
                                                         : d.chance(0.5) ? 0
                                                                         : 180;
  s.moved([&](const Vec3& p) { return turned(p, turn); },
          [&] {
            switch (d.pick({5, 2, 1.5})) {
              case 0:
                return long_gun(s, d, g);
              case 1:
                return pistol(s, d, g);
              default:
                return blaster(s, d, g);
            }
          });
}

}  // namespace voxgrad
