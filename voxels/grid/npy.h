// NumPy's .npy files of voxel grids: numpy.load gives a float32 array [n][n][n] in [x][y][z] order.
// Translate and scale are not part of the format. Little-endian machines only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "voxels/grid/grid.h"

namespace voxgrad {

/// Writes the values as float32, atomically.
void write_npy(const VoxelGrid& grid, const std::filesystem::path& file);
std::vector<std::uint8_t> encode_npy(const VoxelGrid& grid);

/// Reads a C-ordered float32, uint8 or bool array of shape (n, n, n), n in 1..512. Error if it is
/// anything else, has the wrong length, or a value that is not finite.
VoxelGrid read_npy(const std::filesystem::path& file);
VoxelGrid decode_npy(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace voxgrad
