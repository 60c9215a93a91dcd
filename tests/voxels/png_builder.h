// Builds PNG files chunk by chunk, good ones of every kind and hostile ones.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/voxels/grids.h"

namespace voxgrad::testing {

enum PngColor { kGrey = 0, kRgb = 2, kPalette = 3, kGreyAlpha = 4, kRgba = 6 };

struct PngChunk {
  std::string type;
  Bytes data;
};

struct PngRecipe {
  int width = 13, height = 9, bit_depth = 8;
  PngColor color = kRgb;
  bool interlaced = false;
  /// The sample of channel c at (x, y), below 2^bit_depth.
  std::function<int(int x, int y, int c)> sample;
  /// Between IHDR and IDAT: PLTE, tRNS, eXIf.
  std::vector<PngChunk> extra;
};

Bytes ihdr(std::uint32_t width, std::uint32_t height, int bit_depth, PngColor color,
           bool interlaced = false);
Bytes idat(const PngRecipe& recipe);
/// Signature and chunks, with correct lengths and checksums.
Bytes png_of(const std::vector<PngChunk>& chunks);
Bytes build_png(const PngRecipe& recipe);

}  // namespace voxgrad::testing
