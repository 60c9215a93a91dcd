// Colours of the materials that furniture and vehicles are made of.
#pragma once

#include "datasets/synth/draw.h"

namespace voxgrad {

Color wood_color(Draw& draw);
Color metal_color(Draw& draw);
Color fabric_color(Draw& draw);
Color plastic_color(Draw& draw);
Color paint_color(Draw& draw);
Color grey(double value);
/// Somewhat darker or lighter.
Color shaded(const Color& color, double factor);
Color glass_color(Draw& draw);
/// Wood, metal, plastic or fabric.
Color any_color(Draw& draw);
/// From hue (turns), saturation and value.
Color from_hsv(double hue, double saturation, double value);

}  // namespace voxgrad
