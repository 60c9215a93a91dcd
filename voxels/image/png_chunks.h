// The chunks of a PNG file (ISO 15948, clause 5): all that they say, and the compressed pixels.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "voxels/image/codecs.h"

namespace voxgrad {

struct Png {
  enum Color : std::uint8_t { grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgba = 6 };

  int width = 0, height = 0, bit_depth = 0;
  Color color = grey;
  bool interlaced = false;
  std::optional<int> orientation;                           // of EXIF
  std::vector<std::array<std::uint8_t, 4>> colors;          // of the palette, R, G, B, A
  std::optional<std::array<std::uint32_t, 3>> transparent;  // the one colour that is
  bool palette_alpha = false;
  std::vector<std::span<const std::uint8_t>> data;

  int samples() const {  // a stored pixel
    return color == rgba ? 4 : color == rgb ? 3 : color == grey_alpha ? 2 : 1;
  }
  int channels() const {  // of the picture
    if (color == palette) return palette_alpha ? 4 : 3;
    return samples() + (transparent ? 1 : 0);
  }
  std::size_t row_bytes(int pixels) const {
    return (std::size_t(pixels) * std::size_t(samples() * bit_depth) + 7) / 8;
  }
  int pixel_bytes() const { return std::max(1, samples() * bit_depth / 8); }
  /// Stored as it will be returned.
  bool plain() const { return bit_depth == 8 && color != palette && !transparent && !interlaced; }
};

/// Reads all chunks up to IEND: their order, sizes and every CRC, before anything large is
/// allocated. The views of the pixels point into `bytes`.
Png read_png_chunks(std::span<const std::uint8_t> bytes, const ImageSource& source);

/// The EXIF data in a text chunk that ImageMagick and ExifTool write where a PNG had no place for
/// them: keyword "Raw profile type exif" or "... APP1", a length, and hexadecimal digits. `type` is
/// tEXt or zTXt; empty if the chunk is something else, or damaged.
std::vector<std::uint8_t> raw_exif_profile(std::string_view type,
                                           std::span<const std::uint8_t> payload);

}  // namespace voxgrad
