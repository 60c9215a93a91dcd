// Displays, loudspeakers and telephones.
#include <algorithm>

#include "datasets/synth/families.h"
#include "datasets/synth/palette.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

Color screen(Draw& d) {
  return d.chance(0.7) ? grey(d.real(0.02, 0.15))
                       : from_hsv(d.real(0.5, 0.7), d.real(0.2, 0.8), d.real(0.2, 0.9));
}

Color casing(Draw& d) {
  return d.chance(0.6)   ? grey(d.real(0.04, 0.3))
         : d.chance(0.6) ? grey(d.real(0.6, 0.95))
                         : wood_color(d);
}

void flat_display(Shaper& s, Draw& d, const Color& body) {
  const double x = d.real(0.2, 0.65), h = 2 * x * d.real(0.52, 0.8), t = d.real(0.02, 0.08);
  const bool wall = d.chance(0.12);
  const double foot = wall ? 0 : d.real(0.06, 0.25), rim = d.real(0.01, 0.03);
  s.color(body);
  s.box({-x, foot, -t / 2}, {x, foot + h, t / 2});
  if (d.chance(0.5))
    s.frustum({-x * 0.6, foot + h * 0.2, -t / 2 - 0.05}, {x * 0.6, foot + h * 0.8, -t / 2}, 1, 1);
  s.color(screen(d));
  s.box({-x + rim, foot + rim * 1.5, t / 2 - 0.003}, {x - rim, foot + h - rim, t / 2 + 0.003});
  if (wall) return;
  s.color(d.chance(0.7) ? body : metal_color(d));
  const int kind = d.pick({3, 2, 2});
  const double depth = d.real(0.1, 0.2);
  if (kind == 2) {  // two feet
    for (const int side : {-1, 1})
      s.beam({side * x * 0.7, 0.012, -depth}, {side * x * 0.7, 0.012, depth}, 0.03, 0.024),
          s.beam({side * x * 0.7, 0.01, 0}, {side * x * 0.7, foot + 0.01, 0}, 0.03, 0.03);
    return;
  }
  s.beam({0, 0.01, -t * 0.6}, {0, foot + h * 0.3, -t * 0.6}, d.real(0.05, 0.12), 0.03);
  if (kind == 0)
    s.extrude(1, oval(d.real(0.1, 0.22), depth), 0, 0.018);
  else
    s.box({-d.real(0.1, 0.25), 0, -depth}, {d.real(0.1, 0.25), 0.018, depth * 0.8});
}

void tube_display(Shaper& s, Draw& d, const Color& body) {
  const double x = d.real(0.2, 0.4), h = 2 * x * 0.8, depth = d.real(0.3, 0.5),
               foot = d.chance(0.5) ? 0.06 : 0.0;
  s.color(body);
  s.box({-x, foot, -0.06}, {x, foot + h, 0.06});
  s.loft({{{-x, foot + 0.02, -0.06},
           {x, foot + 0.02, -0.06},
           {x, foot + h, -0.06},
           {-x, foot + h, -0.06}},
          {{-x * 0.6, foot + h * 0.15, -depth},
           {x * 0.6, foot + h * 0.15, -depth},
           {x * 0.6, foot + h * 0.8, -depth},
           {-x * 0.6, foot + h * 0.8, -depth}}});
  if (foot > 0) s.lathe({0, 0, -0.05}, {{x * 0.6, 0}, {x * 0.4, foot}}, 16);
  s.color(screen(d));
  s.cushion({-x * 0.85, foot + h * 0.14, 0.03}, {x * 0.85, foot + h * 0.92, 0.075}, 0.12);
}

void laptop(Shaper& s, Draw& d, const Color& body) {
  const double x = d.real(0.15, 0.2), z = x * d.real(1.2, 1.5), t = d.real(0.012, 0.025);
  const double lean = d.real(0.05, 0.5), h = z;
  s.color(body);
  s.box({-x, 0, -z / 2}, {x, t, z / 2});
  s.color(shaded(body, 0.6));
  s.box({-x * 0.9, t, -z * 0.35}, {x * 0.9, t + 0.003, z * 0.1});
  s.moved(
      [&](const Vec3& p) {
        return Vec3{p[0], t + p[1], p[2] - z / 2 - lean * p[1]};
      },
      [&] {
        s.color(body);
        s.box({-x, 0, -t}, {x, h, 0});
        s.color(screen(d));
        s.box({-x * 0.93, h * 0.06, -0.002}, {x * 0.93, h * 0.95, 0.003});
      });
}

void handset(Shaper& s, Draw& d, double y, double z, double length, double r) {
  const double lift = d.real(0.01, 0.03);
  s.tube({{-length / 2, y, z},
          {-length * 0.35, y + lift, z},
          {length * 0.35, y + lift, z},
          {length / 2, y, z}},
         r);
  for (const int side : {-1, 1})
    s.rod({side * length / 2, y - r * 1.6, z}, {side * length / 2, y + r, z}, r * 1.5, r * 1.3, 12);
}

}  // namespace

void make_display(Shaper& s, Draw& d) {
  const Color body = casing(d);
  switch (d.pick({5, 1.5, 1.8})) {
    case 0:
      return flat_display(s, d, body);
    case 1:
      return tube_display(s, d, body);
    default:
      return laptop(s, d, body);
  }
}

void make_loudspeaker(Shaper& s, Draw& d) {
  const bool tower = d.chance(0.4);
  const double x = d.real(0.08, 0.2), z = x * d.real(0.7, 1.4),
               h = tower ? d.real(0.6, 1.2) : 2 * x * d.real(1, 2);
  const Color body = casing(d), cone = d.chance(0.7) ? grey(d.real(0.05, 0.3)) : metal_color(d);
  double y0 = 0;
  s.color(grey(0.15));
  if (d.chance(0.35)) {
    y0 = d.chance(0.3) ? d.real(0.3, 0.7) : 0.03;
    if (y0 > 0.1) {
      s.box({-x, 0, -z}, {x, 0.03, z});
      s.beam({0, 0.02, 0}, {0, y0, 0}, x * 0.4, x * 0.4);
    } else {
      s.box({-x * 1.1, 0, -z * 1.1}, {x * 1.1, y0, z * 1.1});
    }
  }
  s.color(body);
  const int kind = d.pick({5, 2, 0.7, 0.6});
  if (kind == 0)
    s.box({-x, y0, -z}, {x, y0 + h, z});
  else if (kind == 1)
    s.cushion({-x, y0, -z}, {x, y0 + h, z}, d.real(0.1, 0.35));
  else if (kind == 2)
    s.lathe({0, y0, 0}, {{x, 0}, {x, h}}, 20);
  else {
    s.ball({0, y0 + x, 0}, {x, x, x}, 16);
    s.color(cone);
    s.rod({0, y0 + x, x * 0.8}, {0, y0 + x, x * 1.02}, x * 0.6, x * 0.5, 14);
    return;
  }
  if (kind == 2) return;
  s.color(cone);
  const int drivers = d.integer(1, tower ? 4 : 3);
  double y = y0 + h * 0.06;
  for (int i = 0; i < drivers; ++i) {
    const double share = i + 1 == drivers && drivers > 1 ? 0.45 : 0.8;
    const double r = std::min(x * share, h / drivers * 0.42);
    y += r;
    s.ring({0, y, z}, {0, 0, 1}, r * 0.85, r * 0.12);
    s.rod({0, y, z - 0.01}, {0, y, z + 0.006}, r * 0.8, r * 0.3, 16);
    y += r + h * 0.03;
  }
}

void make_telephone(Shaper& s, Draw& d) {
  const Color body = d.chance(0.6) ? casing(d) : plastic_color(d);
  s.color(body);
  const int kind = d.pick({3, 3, 1, 1});
  if (kind == 0) {  // a mobile one, standing or lying
    const double x = d.real(0.03, 0.045), h = x * 2 * d.real(1.7, 2.3), t = d.real(0.006, 0.025);
    const bool lying = d.chance(0.4), keys = d.chance(0.4);
    s.moved(
        [&](const Vec3& p) {
          return lying ? Vec3{p[0], p[2], -p[1]} : p;
        },
        [&] {
          s.extrude(2, rounded_rectangle(2 * x, h, x * d.real(0.1, 0.6)), -t / 2, t / 2);
          s.color(screen(d));
          const double low = keys ? 0.05 * h : -h * 0.42;
          s.box({-x * 0.85, low, t / 2 - 0.001}, {x * 0.85, h * 0.42, t / 2 + 0.001});
          if (keys) {
            s.color(grey(0.6));
            for (int i = -1; i <= 1; ++i)
              for (int j = 0; j < 4; ++j)
                s.box({i * x * 0.55 - x * 0.2, -h * 0.42 + j * h * 0.1, t / 2},
                      {i * x * 0.55 + x * 0.2, -h * 0.36 + j * h * 0.1, t / 2 + 0.002});
            if (d.chance(0.4)) s.rod({x * 0.7, h / 2, 0}, {x * 0.7, h * 0.7, 0}, 0.004);
          }
        });
    return;
  }
  const double x = d.real(0.07, 0.12), z = d.real(0.08, 0.12), h = d.real(0.03, 0.08);
  if (kind == 1) {  // on a desk, its handset across or along
    s.loft({{{-x, 0, -z}, {x, 0, -z}, {x, h, -z}, {-x, h, -z}},
            {{-x, 0, z}, {x, 0, z}, {x, h * 0.4, z}, {-x, h * 0.4, z}}});
    const bool dial = d.chance(0.4);
    s.color(grey(d.chance(0.5) ? 0.8 : 0.15));
    if (dial) {
      s.moved(
          [&](const Vec3& p) {
            return Vec3{p[0], p[1] + h * 0.72 - p[2] * h * 0.3 / z, p[2] + z * 0.2};
          },
          [&] {
            s.lathe({0, 0, 0}, {{x * 0.6, 0}, {x * 0.55, 0.012}}, 18);
          });
    } else {
      for (int i = -1; i <= 1; ++i)
        for (int j = -1; j <= 2; ++j) {
          const double at_z = j * z * 0.25, y = h * (0.7 - 0.3 * at_z / z);
          s.box({i * x * 0.25 - x * 0.09, y - 0.004, at_z - z * 0.08},
                {i * x * 0.25 + x * 0.09, y + 0.006, at_z + z * 0.08});
        }
    }
    s.color(d.chance(0.7) ? body : plastic_color(d));
    const double r = d.real(0.01, 0.016), length = 2 * x * d.real(0.9, 1.15);
    if (dial || d.chance(0.5))
      handset(s, d, h + 0.03 + r, -z * 0.65, length, r);
    else
      s.moved(
          [&](const Vec3& p) {
            return Vec3{p[2] - x * 0.7, p[1] - (p[0] / z) * h * 0.3, p[0]};
          },
          [&] { handset(s, d, h * 0.72 + 0.02 + r, 0, 1.8 * z, r); });
  } else if (kind == 2) {  // on a wall, or a pay phone
    const double tall = d.real(0.2, 0.6);
    s.box({-x, 0, -0.04}, {x, tall, 0.04});
    s.color(screen(d));
    s.box({-x * 0.4, tall * 0.6, 0.035}, {x * 0.7, tall * 0.85, 0.046});
    s.color(grey(0.15));
    s.moved(
        [&](const Vec3& p) {
          return Vec3{-x * 0.75 - p[1] + 0.0, tall * 0.55 + p[0], 0.06 + p[2]};
        },
        [&] { handset(s, d, 0, 0, std::min(0.22, tall * 0.7), 0.014); });
  } else {  // cordless in its cradle
    s.cushion({-0.05, 0, -0.05}, {0.05, 0.03, 0.05}, 0.3);
    s.moved(
        [&](const Vec3& p) {
          return Vec3{p[0], p[1] + 0.02, p[2] - 0.25 * p[1]};
        },
        [&] {
          s.cushion({-0.024, 0, -0.015}, {0.024, 0.17, 0.015}, 0.3);
        });
    s.color(screen(d));
    s.box({-0.018, 0.12, -0.01}, {0.018, 0.15, 0.0});
  }
}

}  // namespace voxgrad
