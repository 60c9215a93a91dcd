// binvox, the voxel format of ShapeNet's sets (Patrick Min's tool defines it): a text header, then
// pairs of bytes (value, run length). Stored order is x, then z, then y (y fastest); VoxelGrid is
// [x][y][z], so reading and writing swap y and z. Only cubes of 1..512 voxels per side.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "voxels/grid/grid.h"

namespace voxgrad {

/// Takes what the format's reference reader takes: any version (version 2 has values up to 255),
/// header lines that are not known, a keyword twice (the last counts), text after the numbers of a
/// line, runs of length 0, and bytes after the last run. Values become 0 and 1. Error, with name
/// and offset, for a header without size, and for runs that do not fill the volume exactly.
VoxelGrid read_binvox(const std::filesystem::path& file);
/// The same from memory; `name` stands in the messages.
VoxelGrid decode_binvox(std::span<const std::uint8_t> bytes, const std::string& name);

/// Writes the voxels with value >= threshold, atomically.
void write_binvox(const VoxelGrid& grid, const std::filesystem::path& file, double threshold = 0.5);
std::vector<std::uint8_t> encode_binvox(const VoxelGrid& grid, double threshold = 0.5);

}  // namespace voxgrad
