// binvox, the voxel format of ShapeNet's sets (Patrick Min's tool defines it): a text header, then
// pairs of bytes (value 0 or 1, run length 1..255). Stored order is x, then z, then y (y fastest);
// VoxelGrid is [x][y][z], so reading and writing swap y and z. Only cubes of 1..512 voxels a side.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "voxels/grid/grid.h"

namespace voxgrad {

/// Values become 0 and 1. Error, with name and offset, for anything but a whole, exact file: runs
/// must sum to the volume, none may be 0, no bytes may follow. Comment lines are allowed.
VoxelGrid read_binvox(const std::filesystem::path& file);
/// The same from memory; `name` stands in the messages.
VoxelGrid decode_binvox(std::span<const std::uint8_t> bytes, const std::string& name);

/// Writes the voxels with value >= threshold, atomically.
void write_binvox(const VoxelGrid& grid, const std::filesystem::path& file, double threshold = 0.5);
std::vector<std::uint8_t> encode_binvox(const VoxelGrid& grid, double threshold = 0.5);

}  // namespace voxgrad
