#include "tests/voxels/png_builder.h"

#include <zlib.h>

namespace voxgrad::testing {
namespace {

void put_u32(Bytes& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(std::uint8_t(value >> shift));
}

/// One pass: every `step`-th pixel from `start`, filter 0, samples packed from the high bit down.
void put_pass(Bytes& raw, const PngRecipe& recipe, std::array<int, 2> start,
              std::array<int, 2> step) {
  static constexpr int channels_of[] = {1, 0, 3, 1, 2, 0, 4};
  if (start[0] >= recipe.width) return;
  for (int y = start[1]; y < recipe.height; y += step[1]) {
    raw.push_back(0);
    std::uint32_t packed = 0;
    int bits = 0;
    for (int x = start[0]; x < recipe.width; x += step[0]) {
      for (int c = 0; c < channels_of[recipe.color]; ++c) {
        packed = packed << recipe.bit_depth | std::uint32_t(recipe.sample(x, y, c));
        for (bits += recipe.bit_depth; bits >= 8; bits -= 8) {
          raw.push_back(std::uint8_t(packed >> (bits - 8)));
        }
      }
    }
    if (bits > 0) raw.push_back(std::uint8_t(packed << (8 - bits)));
  }
}

}  // namespace

Bytes ihdr(std::uint32_t width, std::uint32_t height, int bit_depth, PngColor color,
           bool interlaced) {
  Bytes bytes;
  put_u32(bytes, width);
  put_u32(bytes, height);
  for (const int value : {bit_depth, int(color), 0, 0, int(interlaced)}) {
    bytes.push_back(std::uint8_t(value));
  }
  return bytes;
}

Bytes idat(const PngRecipe& recipe) {
  Bytes raw;
  if (recipe.interlaced) {
    put_pass(raw, recipe, {0, 0}, {8, 8});
    put_pass(raw, recipe, {4, 0}, {8, 8});
    put_pass(raw, recipe, {0, 4}, {4, 8});
    put_pass(raw, recipe, {2, 0}, {4, 4});
    put_pass(raw, recipe, {0, 2}, {2, 4});
    put_pass(raw, recipe, {1, 0}, {2, 2});
    put_pass(raw, recipe, {0, 1}, {1, 2});
  } else {
    put_pass(raw, recipe, {0, 0}, {1, 1});
  }
  uLongf size = compressBound(raw.size());
  Bytes packed(size);
  REQUIRE(compress(packed.data(), &size, raw.data(), raw.size()) == Z_OK);
  packed.resize(size);
  return packed;
}

Bytes png_of(const std::vector<PngChunk>& chunks) {
  Bytes bytes{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  for (const PngChunk& chunk : chunks) {
    put_u32(bytes, std::uint32_t(chunk.data.size()));
    const std::size_t start = bytes.size();
    bytes.insert(bytes.end(), chunk.type.begin(), chunk.type.end());
    bytes.insert(bytes.end(), chunk.data.begin(), chunk.data.end());
    put_u32(bytes, std::uint32_t(crc32(0, bytes.data() + start, uInt(bytes.size() - start))));
  }
  return bytes;
}

Bytes build_png(const PngRecipe& recipe) {
  std::vector<PngChunk> chunks{
      {"IHDR", ihdr(std::uint32_t(recipe.width), std::uint32_t(recipe.height), recipe.bit_depth,
                    recipe.color, recipe.interlaced)}};
  chunks.insert(chunks.end(), recipe.extra.begin(), recipe.extra.end());
  chunks.push_back({"IDAT", idat(recipe)});
  chunks.push_back({"IEND", {}});
  return png_of(chunks);
}

}  // namespace voxgrad::testing
