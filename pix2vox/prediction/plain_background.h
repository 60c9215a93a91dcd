// Plain backgrounds: a wall, a sheet of paper, a studio. Their colour may change smoothly over the
// picture (light, vignetting) and have shadows of the object on it.
//
// Each colour channel is modelled as a quadratic surface, c(x,y) = a0 + a1 x + a2 y + a3 x^2 +
// a4 xy + a5 y^2 with x, y in [-1,1], fitted to the pixels along the picture's border by reweighted
// least squares (Tukey's biweight), so that an object that reaches the border does not count.
#pragma once

#include <array>
#include <cstdint>

#include "voxels/image/image.h"

namespace voxgrad {

struct PlainBackground {
  std::array<std::array<double, 6>, 3> surface{};  // of R, G, B, 0..255
  double noise = 0;  // standard deviation of the border's pixels around it
  double share = 0;  // of the border's pixels that are explained by it
  double grey = 0;   // mean brightness along the border

  /// Whether the border is of one material: nearly all of it fits, with little noise.
  bool plain() const;
  std::array<double, 3> color_at(double x, double y) const;  // x, y in [-1,1]
};

/// RGB or grey. Alpha is not looked at.
PlainBackground model_background(const Image& picture);
/// The same colour everywhere.
PlainBackground background_of_color(const Image& picture, const std::array<std::uint8_t, 3>& color);

/// The object: what differs from the background by more than its noise and is no shadow. A shadow
/// is darker in all channels by one factor, and has soft edges; what has sharp ones is the object,
/// even if it is as grey.
Image mask_against(const Image& picture, const PlainBackground& background);

}  // namespace voxgrad
