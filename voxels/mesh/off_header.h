// The keyword of an OFF file.
#pragma once

#include <string_view>

namespace voxgrad {

/// What [ST][C][N][4][n]OFF says about each vertex.
struct OffHeader {
  bool texture = false;      // ST: two coordinates into a texture, after all others
  bool color = false;        // C
  bool normal = false;       // N: three numbers after the place
  bool homogeneous = false;  // 4: x, y, z, w
  bool dimensions = false;   // n: the number of dimensions stands before the counts
};

/// Takes the keyword away from the front of `text`, if there is one. Words in small letters count
/// as capitals, but for the n of nOFF.
OffHeader take_off_header(std::string_view& text);

}  // namespace voxgrad
