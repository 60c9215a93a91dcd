// Parts that vehicles share. Their front is at +z.
#pragma once

#include "datasets/synth/draw.h"
#include "datasets/synth/shaper.h"

namespace voxgrad {

/// A tyre with a hub, its axle along x; `outer` is the x of its outer side, of the side's sign.
void wheel(Shaper& s, double outer, double y, double z, double radius, double width,
           const Color& hub);
/// Wheels on both sides.
void axle(Shaper& s, double half_width, double radius, double z, double width, const Color& hub);

/// A cross section of a body at some z: half width and height from `low` to `high`, its corners cut
/// by `cut` above and below.
Path body_section(double z, double half_width, double low, double high, double cut,
                  double top_share = 1);

}  // namespace voxgrad
