// Where a picture's camera sees the cube of an object's grid.
#pragma once

#include <array>

namespace voxgrad {

/// The cube's corners are (0,0,0) and (1,1,1), the first coordinate along x. A point p is at the
/// fractions (h[0]/h[2], h[1]/h[2]) of the picture's width and height, from its left upper corner,
/// where h = matrix (p, 1). h[2] is positive in front of the camera and grows with the distance.
struct GridCamera {
  std::array<std::array<double, 4>, 3> matrix{};

  /// h of the point.
  std::array<double, 3> operator()(const std::array<double, 3>& p) const {
    std::array<double, 3> h{};
    for (int row = 0; row < 3; ++row) {
      h[row] = matrix[row][3];
      for (int i = 0; i < 3; ++i) h[row] += matrix[row][i] * p[i];
    }
    return h;
  }
};

}  // namespace voxgrad
