// The PNG and JPEG codecs behind image.h, and what they share. Decoders take bytes whose signature
// was recognised; `name` stands in the messages.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "voxels/image/image.h"

namespace voxgrad {

/// Walks all chunks first: order, sizes and every CRC, ancillary ones too, up to IEND.
Image decode_png(std::span<const std::uint8_t> bytes, const std::string& name);
/// Walks all segments and scans first, up to the end marker.
Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& name);
std::vector<std::uint8_t> encode_png(const Image& image);

/// Error unless both sides are in 1..8192 and the area is at most 64 million.
void check_image_size(std::uint64_t width, std::uint64_t height, const std::string& name);

/// The orientation 1..8 that EXIF data (a TIFF structure) gives; 1 if it gives none or is damaged.
int exif_orientation(std::span<const std::uint8_t> tiff);
/// Turns and flips a picture stored in an EXIF orientation (1..8; others count as 1) upright.
Image upright(Image image, int orientation);

}  // namespace voxgrad
