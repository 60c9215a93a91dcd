#include <algorithm>
#include <array>

#include "voxels/image/codecs.h"

namespace voxgrad {
namespace {

/// Reads a TIFF structure in its own byte order; reading past the end gives 0.
class TiffReader {
 public:
  explicit TiffReader(std::span<const std::uint8_t> bytes)
      : bytes_(bytes), little_endian_(byte(0) == 'I' && byte(1) == 'I') {}

  bool valid() const {
    return (little_endian_ || (byte(0) == 'M' && byte(1) == 'M')) && u16(2) == 42;
  }
  std::uint32_t u16(std::uint64_t offset) const {
    const std::uint32_t first = byte(offset), second = byte(offset + 1);
    return little_endian_ ? second << 8 | first : first << 8 | second;
  }
  std::uint32_t u32(std::uint64_t offset) const {
    const std::uint32_t first = u16(offset), second = u16(offset + 2);
    return little_endian_ ? second << 16 | first : first << 16 | second;
  }

 private:
  std::uint32_t byte(std::uint64_t offset) const {
    return offset < bytes_.size() ? bytes_[offset] : 0;
  }
  std::span<const std::uint8_t> bytes_;
  bool little_endian_;
};

std::span<const std::uint8_t> without_header(std::span<const std::uint8_t> exif) {
  constexpr std::array<std::uint8_t, 6> header{'E', 'x', 'i', 'f', 0, 0};
  const bool there =
      exif.size() >= header.size() && std::equal(header.begin(), header.end(), exif.begin());
  return there ? exif.subspan(header.size()) : exif;
}

}  // namespace

std::optional<int> exif_orientation(std::span<const std::uint8_t> exif) {
  constexpr std::uint32_t orientation_tag = 0x0112, short_type = 3, long_type = 4, entry_bytes = 12;
  const TiffReader reader(without_header(exif));
  if (!reader.valid()) return {};
  const std::uint64_t directory = reader.u32(4);
  const std::uint32_t entries = reader.u16(directory);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::uint64_t entry = directory + 2 + std::uint64_t(entry_bytes) * i;
    const std::uint32_t type = reader.u16(entry + 2);
    if (reader.u16(entry) != orientation_tag || (type != short_type && type != long_type)) continue;
    const std::uint32_t value = type == short_type ? reader.u16(entry + 8) : reader.u32(entry + 8);
    if (value >= 1 && value <= 8) return int(value);
  }
  return {};
}

}  // namespace voxgrad
