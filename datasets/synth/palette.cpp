#include "datasets/synth/palette.h"

#include <algorithm>
#include <array>

namespace voxgrad {

Color from_hsv(double hue, double saturation, double value) {
  const auto channel = [&](double offset) {
    const double k = std::fmod(offset + 6 * (hue - std::floor(hue)), 6.0);
    return float(value - value * saturation * std::clamp(std::min(k, 4 - k), 0.0, 1.0));
  };
  return {channel(5), channel(3), channel(1)};
}

Color shaded(const Color& color, double factor) {
  Color result;
  for (std::size_t c = 0; c < 3; ++c)
    result[c] = float(std::clamp(double(color[c]) * factor, 0.0, 1.0));
  return result;
}

Color grey(double value) {
  return {float(value), float(value), float(value)};
}

Color wood_color(Draw& draw) {
  if (draw.chance(0.15)) return grey(draw.real(0.8, 0.97));  // painted white
  return from_hsv(draw.real(0.03, 0.11), draw.real(0.25, 0.75), draw.real(0.2, 0.9));
}

Color metal_color(Draw& draw) {
  switch (draw.pick({5, 2, 1, 1})) {
    case 0:
      return grey(draw.real(0.45, 0.85));
    case 1:
      return grey(draw.real(0.05, 0.25));
    case 2:
      return from_hsv(draw.real(0.09, 0.13), draw.real(0.3, 0.7), draw.real(0.5, 0.85));
    default:
      return from_hsv(draw.real(0, 1), draw.real(0.3, 0.9), draw.real(0.3, 0.9));
  }
}

Color fabric_color(Draw& draw) {
  switch (draw.pick({3, 3, 2})) {
    case 0:
      return from_hsv(draw.real(0, 1), draw.real(0.2, 0.8), draw.real(0.2, 0.85));
    case 1:
      return from_hsv(draw.real(0.03, 0.14), draw.real(0.05, 0.4), draw.real(0.3, 0.95));
    default:
      return grey(draw.real(0.05, 0.95));
  }
}

Color plastic_color(Draw& draw) {
  switch (draw.pick({3, 2, 2})) {
    case 0:
      return grey(draw.real(0.03, 0.3));
    case 1:
      return grey(draw.real(0.75, 0.97));
    default:
      return from_hsv(draw.real(0, 1), draw.real(0.4, 0.95), draw.real(0.35, 0.95));
  }
}

Color paint_color(Draw& draw) {
  switch (draw.pick({4, 2, 1, 1})) {
    case 0:
      return from_hsv(draw.real(0, 1), draw.real(0.5, 1), draw.real(0.25, 0.95));
    case 1:
      return grey(draw.real(0.7, 0.97));
    case 2:
      return grey(draw.real(0.04, 0.2));
    default:
      return grey(draw.real(0.35, 0.6));
  }
}

Color glass_color(Draw& draw) {
  return from_hsv(draw.real(0.5, 0.65), draw.real(0.05, 0.4), draw.real(0.1, 0.5));
}

Color any_color(Draw& draw) {
  switch (draw.pick({3, 2, 2, 2})) {
    case 0:
      return wood_color(draw);
    case 1:
      return metal_color(draw);
    case 2:
      return plastic_color(draw);
    default:
      return fabric_color(draw);
  }
}

}  // namespace voxgrad
