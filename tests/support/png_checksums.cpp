#include "tests/support/png_checksums.h"

#include <zlib.h>

#include <cstddef>

namespace voxgrad::testing {

void repair_png_checksums(std::vector<std::uint8_t>& png) {
  constexpr std::size_t signature = 8, frame = 12;
  for (std::size_t start = signature; png.size() >= start + frame;) {
    std::uint8_t* chunk = png.data() + start;
    const std::size_t length = std::size_t(chunk[0]) << 24 | std::size_t(chunk[1]) << 16 |
                               std::size_t(chunk[2]) << 8 | chunk[3];
    if (length > png.size() - start - frame) return;
    const auto crc = std::uint32_t(crc32(0, chunk + 4, uInt(length + 4)));
    for (int i = 0; i < 4; ++i) chunk[8 + length + i] = std::uint8_t(crc >> (24 - 8 * i));
    start += frame + length;
  }
}

}  // namespace voxgrad::testing
