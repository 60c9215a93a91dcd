// Beds: single and double ones, bunk beds, cribs, four-posters.
#include "datasets/synth/families.h"
#include "datasets/synth/legs.h"
#include "datasets/synth/palette.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

struct Bed {
  double x, z;      // half of width and length; the head is at -z
  double base;      // where the mattress lies
  double mattress;  // its height
  Color frame, sheet, cover;
};

void mattress(Shaper& s, Draw& d, const Bed& b, double base) {
  s.color(b.sheet);
  s.cushion({-b.x * 0.97, base, -b.z * 0.97}, {b.x * 0.97, base + b.mattress, b.z * 0.97}, 0.1);
  if (d.chance(0.8)) {
    s.color(b.cover);
    const double from = -b.z * d.real(0.1, 0.6), drop = d.chance(0.4) ? d.real(0.05, 0.2) : 0;
    s.cushion({-b.x * 1.0, base + b.mattress * 0.4 - drop, from},
              {b.x * 1.0, base + b.mattress + 0.03, b.z * (drop > 0 ? 1.01 : 0.99)}, 0.08);
  }
  s.color(shaded(b.sheet, d.real(0.9, 1.1)));
  const int pillows = b.x > 0.6 ? 2 : 1;
  for (int i = 0; i < pillows; ++i) {
    const double at = pillows == 1 ? 0 : (i - 0.5) * b.x;
    s.cushion({at - b.x * 0.4 / (pillows == 2 ? 1 : 0.6), base + b.mattress * 0.8, -b.z * 0.93},
              {at + b.x * 0.4 / (pillows == 2 ? 1 : 0.6), base + b.mattress + 0.12, -b.z * 0.68},
              0.5);
  }
}

// A board, bars or posts across one end.
void end_board(Shaper& s, Draw& d, const Bed& b, double z, double height, int kind) {
  const double t = d.real(0.03, 0.07), low = b.base * d.real(0, 0.8);
  s.color(b.frame);
  if (kind == 0) {
    s.box({-b.x, low, z - t / 2}, {b.x, height, z + t / 2});
  } else if (kind == 1) {
    s.color(b.cover);
    s.cushion({-b.x, low, z - t}, {b.x, height, z + t}, 0.15);
  } else {
    const bool round = d.chance(0.5);
    for (const int side : {-1, 1})
      if (round)
        s.rod({side * (b.x - t / 2), 0, z}, {side * (b.x - t / 2), height + 0.05, z}, t / 2);
      else
        s.box({side * b.x, 0, z - t / 2}, {side * (b.x - t), height + 0.03, z + t / 2});
    s.beam({-b.x, height - t / 2, z}, {b.x, height - t / 2, z}, t * 0.8, t * 0.8);
    s.beam({-b.x, b.base, z}, {b.x, b.base, z}, t * 0.8, t * 0.8);
    const int bars = d.integer(3, 11);
    if (kind == 2)
      for (int i = 1; i < bars; ++i) {
        const double x = -b.x + 2 * b.x * i / bars;
        s.rod({x, b.base, z}, {x, height, z}, t * 0.25);
      }
    else
      s.box({-b.x + t, b.base + (height - b.base) * 0.3, z - t / 4},
            {b.x - t, height - (height - b.base) * 0.12, z + t / 4});
  }
}

void bunk(Shaper& s, Draw& d, const Bed& b) {
  const double t = d.real(0.04, 0.07), upper = d.real(1.1, 1.4), top = upper + d.real(0.35, 0.5);
  s.color(b.frame);
  for (const int side : {-1, 1})
    for (const int end : {-1, 1})
      s.box({side * b.x, 0, end * b.z}, {side * (b.x - t), top, end * (b.z - t)});
  const bool lower = d.chance(0.75);
  for (const double y : {b.base, upper}) {
    if (y == b.base && !lower) continue;
    s.box({-b.x, y - 0.1, -b.z}, {b.x, y, b.z});
  }
  for (const double y : {upper + 0.18, top - 0.03}) {
    s.beam({-b.x + t / 2, y, -b.z}, {-b.x + t / 2, y, b.z}, t * 0.6, t);
    s.beam({b.x - t / 2, y, -b.z}, {b.x - t / 2, y, b.z * 0.4}, t * 0.6, t);
    for (const int end : {-1, 1})
      s.beam({-b.x, y, end * (b.z - t / 2)}, {b.x, y, end * (b.z - t / 2)}, t * 0.6, t);
  }
  for (int i = 1; i <= 5; ++i) {  // ladder
    const double y = upper * i / 5.5;
    s.beam({b.x + 0.02, y, b.z * 0.55}, {b.x + 0.02, y, b.z * 0.85}, 0.03, 0.03);
  }
  for (const double at : {0.55, 0.85})
    s.beam({b.x + 0.02, 0, b.z * at}, {b.x + 0.02, upper + 0.2, b.z * at}, 0.035, 0.035);
  if (lower) mattress(s, d, b, b.base);
  mattress(s, d, b, upper);
}

void crib(Shaper& s, Draw& d, Bed b) {
  b.x = d.real(0.32, 0.4);
  b.z = d.real(0.55, 0.7);
  const double top = d.real(0.85, 1.05), base = d.real(0.3, 0.5), t = 0.04;
  s.color(b.frame);
  for (const int side : {-1, 1})
    for (const int end : {-1, 1})
      s.box({side * b.x, 0, end * b.z}, {side * (b.x - t), top, end * (b.z - t)});
  s.box({-b.x, base - 0.04, -b.z}, {b.x, base, b.z});
  const bool boards = d.chance(0.5);
  for (const int side : {-1, 1}) {
    s.beam({side * (b.x - t / 2), top - 0.02, -b.z}, {side * (b.x - t / 2), top - 0.02, b.z}, t, t);
    const int bars = d.integer(8, 13);
    for (int i = 1; i < bars; ++i) {
      const double z = -b.z + 2 * b.z * i / bars;
      s.rod({side * (b.x - t / 2), base, z}, {side * (b.x - t / 2), top, z}, 0.009);
    }
    const double z = side * (b.z - t / 2);
    if (boards) {
      s.box({-b.x, base, z - 0.012}, {b.x, top + d.real(0, 0.1), z + 0.012});
    } else {
      s.beam({-b.x, top - 0.02, z}, {b.x, top - 0.02, z}, t, t);
      for (int i = 1; i < 6; ++i) {
        const double x = -b.x + 2 * b.x * i / 6;
        s.rod({x, base, z}, {x, top, z}, 0.009);
      }
    }
  }
  s.color(b.sheet);
  s.cushion({-b.x + t, base, -b.z + t}, {b.x - t, base + 0.1, b.z - t}, 0.1);
}

}  // namespace

void make_bed(Shaper& s, Draw& d) {
  Bed b;
  b.x = d.chance(0.45) ? d.real(0.42, 0.55) : d.real(0.65, 0.95);
  b.z = d.real(0.95, 1.1);
  b.base = d.real(0.15, 0.4);
  b.mattress = d.real(0.12, 0.28);
  b.frame = d.chance(0.75) ? wood_color(d) : metal_color(d);
  b.sheet = d.chance(0.6) ? grey(d.real(0.8, 0.97)) : fabric_color(d);
  b.cover = fabric_color(d);
  const int kind = d.pick({8, 1.2, 1, 0.7});
  if (kind == 1) {
    b.x = d.real(0.42, 0.55);
    bunk(s, d, b);
    return;
  }
  if (kind == 2) return crib(s, d, b);
  s.color(b.frame);
  const double legs = d.chance(0.7) ? b.base * d.real(0.3, 0.8) : 0;
  if (d.chance(0.8)) {
    s.box({-b.x, legs, -b.z}, {b.x, b.base + d.real(0, 0.08), b.z});
  } else {
    for (const int side : {-1, 1}) {
      s.box({side * b.x, b.base - 0.1, -b.z}, {side * (b.x - 0.04), b.base, b.z});
      s.box({-b.x, b.base - 0.1, side * b.z}, {b.x, b.base, side * (b.z - 0.04)});
    }
    s.box({-b.x, b.base - 0.03, -b.z}, {b.x, b.base, b.z});
  }
  if (legs > 0) {
    LegStyle style = draw_legs(d, 0.04, 0.09);
    style.splay = 0;
    style.stretchers = 0;
    four_legs(s, {2 * b.x, 2 * b.z, b.base}, style);
  }
  mattress(s, d, b, b.base);
  const double lying = b.base + b.mattress;
  const int board = d.pick({4, 2, 2, 2});
  if (d.chance(0.88)) end_board(s, d, b, -b.z, lying + d.real(0.15, 0.7), board);
  if (d.chance(0.4)) end_board(s, d, b, b.z, lying + d.real(-0.05, 0.3), board);
  if (kind == 3) {  // four posts
    const double top = d.real(1.7, 2.1), t = d.real(0.04, 0.07);
    s.color(b.frame);
    for (const int side : {-1, 1}) {
      for (const int end : {-1, 1})
        s.box({side * b.x, 0, end * b.z}, {side * (b.x - t), top, end * (b.z - t)});
      s.beam({side * (b.x - t / 2), top, -b.z}, {side * (b.x - t / 2), top, b.z}, t, t);
      s.beam({-b.x, top, side * (b.z - t / 2)}, {b.x, top, side * (b.z - t / 2)}, t, t);
    }
  }
}

}  // namespace voxgrad
