// Animated PNG (APNG), which browsers and most viewers play; others show its first picture.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "voxels/image/image.h"

namespace voxgrad {

/// Pictures of one size and one number of channels, each shown for a time, forever again. Error if
/// there is none, or they differ.
std::vector<std::uint8_t> encode_apng(std::span<const Image> frames, int milliseconds);
/// Writes to a temporary file first, then renames it.
void write_apng(std::span<const Image> frames, int milliseconds, const std::filesystem::path& file);

}  // namespace voxgrad
