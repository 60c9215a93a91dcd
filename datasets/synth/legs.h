// Supports that chairs, tables, benches, sofas and cabinets share.
#pragma once

#include "datasets/synth/draw.h"
#include "datasets/synth/shaper.h"

namespace voxgrad {

/// What stands on legs: a rectangle about the vertical axis, at some height.
struct Footprint {
  double width, depth, height;  // outer sides, and where the legs end
  double z = 0;                 // of its middle
};

struct LegStyle {
  double thickness = 0.03;
  bool round = false;
  double taper = 1;               // thickness at the foot over that at the top
  double splay = 0;               // how far feet stand outside of the tops
  double inset = 0;               // of the tops from the corners
  int stretchers = 0;             // 0 none, 1 all round, 2 an H, 3 two sides
  double stretcher_height = 0.3;  // share of the legs' height
};

LegStyle draw_legs(Draw& d, double thickness_low, double thickness_high);
/// Four of them, with stretchers.
void four_legs(Shaper& s, const Footprint& at, const LegStyle& style);
/// Two frames or boards at the sides, or legs that cross. kind: 0 boards, 1 closed frames, 2
/// crossed legs at both ends, 3 trestles.
void side_supports(Shaper& s, const Footprint& at, int kind, double thickness);
/// A column with a foot: kind 0 disc, 1 star of beams, 2 star with castors, 3 bell.
void pedestal(Shaper& s, Draw& d, const Vec3& top, double reach, double radius, int kind);
/// A vertical leg turned on a lathe.
void turned_leg(Shaper& s, Draw& d, const Vec3& foot, double height, double radius);

}  // namespace voxgrad
