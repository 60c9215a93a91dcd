// Several pictures on one sheet.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "voxels/image/image.h"

namespace voxgrad {

struct SheetOptions {
  int columns = 0;  // 0: all in one row
  int cell = 512;   // side of the square that each picture is fitted into
  int margin = 12;  // between pictures and around them
  std::array<std::uint8_t, 3> background{255, 255, 255};  // sRGB
};

/// Pictures side by side, row by row, as RGB. Each is scaled to fit its cell, keeping its shape;
/// transparent ones are blended with the background.
Image contact_sheet(std::span<const Image> images, const SheetOptions& options = {});

/// Scales a picture: averages areas when shrinking, interpolates linearly when growing.
Image resized(const Image& image, int width, int height);

}  // namespace voxgrad
