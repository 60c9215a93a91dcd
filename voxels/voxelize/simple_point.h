// Digital topology: can a voxel be taken away without breaking, joining, opening or closing
// anything? (Bertrand and Malandain, "A new characterization of three-dimensional simple points",
// Pattern Recognition Letters 15, 1994; objects 26-connected, background 6-connected.)
#pragma once

#include <cstdint>
#include <vector>

namespace voxgrad {

/// `occupied` is n*n*n, [x][y][z]; outside of it nothing is occupied.
bool is_simple_voxel(const std::vector<std::uint8_t>& occupied, int n, std::size_t index);

}  // namespace voxgrad
