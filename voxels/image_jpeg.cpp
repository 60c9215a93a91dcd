#include <algorithm>
#include <cstring>
#include <memory>

#include "tensor/error.h"
#include "voxels/image_codecs.h"

// The decoder is compiled into this file alone, with JPEG only; its own warnings are not ours.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_MAX_DIMENSIONS 8192
#include <stb/stb_image.h>

namespace voxgrad {
namespace {

enum Marker : std::uint8_t {
  kStartOfFrame = 0xc0,  // and the 15 that follow, but for the next three
  kHuffmanTables = 0xc4,
  kJpegExtension = 0xc8,
  kArithmeticTables = 0xcc,
  kRestart = 0xd0,  // and the 7 that follow
  kStartOfImage = 0xd8,
  kEndOfImage = 0xd9,
  kStartOfScan = 0xda,
  kExif = 0xe1,
};

bool is_start_of_frame(std::uint8_t marker) {
  return marker >= kStartOfFrame && marker <= kStartOfFrame + 15 && marker != kHuffmanTables &&
         marker != kJpegExtension && marker != kArithmeticTables;
}

/// Goes from marker to marker and notes what the picture needs.
class SegmentWalk {
 public:
  SegmentWalk(std::span<const std::uint8_t> bytes, const std::string& name)
      : bytes_(bytes), name_(name) {}

  /// Checks the file up to its end marker.
  void run() {
    offset_ = 2;  // after the start marker
    for (std::uint8_t marker = next_marker(); marker != kEndOfImage; marker = next_marker()) {
      const auto payload = segment();
      if (is_start_of_frame(marker)) read_frame(payload);
      if (marker == kExif) read_exif(payload);
      if (marker == kHuffmanTables) check_huffman_tables(payload);
      if (marker == kStartOfScan) skip_scan();
    }
    check(frames_ == 1 && scans_ >= 1, name_, ": JPEG damaged: it has ", frames_,
          " frame headers and ", scans_, " scans");
  }
  int orientation() const { return orientation_; }

 private:
  void check_left(std::size_t count) const {
    check(bytes_.size() - offset_ >= count, name_, ": JPEG cut off: it ends at byte ",
          bytes_.size(), ", before its end marker");
  }

  std::uint8_t next_marker() {
    check_left(2);
    check(bytes_[offset_] == 0xff, name_, ": JPEG damaged: no marker at byte ", offset_);
    while (bytes_[offset_] == 0xff) {  // any number of fill bytes
      ++offset_;
      check_left(1);
    }
    return bytes_[offset_++];
  }

  std::size_t u16(std::span<const std::uint8_t> at) const {
    return std::size_t(at[0]) << 8 | at[1];
  }

  std::span<const std::uint8_t> segment() {
    check_left(2);
    const std::size_t length = u16(bytes_.subspan(offset_));
    check(length >= 2, name_, ": JPEG damaged: bad segment length at byte ", offset_);
    check_left(length);
    const auto payload = bytes_.subspan(offset_ + 2, length - 2);
    offset_ += length;
    return payload;
  }

  void read_frame(std::span<const std::uint8_t> payload) {
    check(payload.size() >= 6, name_, ": JPEG damaged: short frame header before byte ", offset_);
    check_image_size(u16(payload.subspan(3)), u16(payload.subspan(1)), name_);
    ++frames_;
  }

  /// stb_image up to 2.27 writes beyond its table when the counts add up to more than 256.
  void check_huffman_tables(std::span<const std::uint8_t> payload) const {
    constexpr std::size_t header_bytes = 17, max_symbols = 256;
    while (!payload.empty()) {
      std::size_t symbols = 0;
      for (std::size_t i = 1; i < std::min(header_bytes, payload.size()); ++i) {
        symbols += payload[i];
      }
      check(payload.size() >= header_bytes + symbols && symbols <= max_symbols, name_,
            ": JPEG damaged: bad Huffman table before byte ", offset_);
      payload = payload.subspan(header_bytes + symbols);
    }
  }

  void read_exif(std::span<const std::uint8_t> payload) {
    constexpr char header[] = "Exif\0";  // ends in two zero bytes
    if (payload.size() >= sizeof(header) &&
        std::memcmp(payload.data(), header, sizeof(header)) == 0) {
      orientation_ = exif_orientation(payload.subspan(sizeof(header)));
    }
  }

  /// Coded data: 0xff is followed by 0 or is a restart marker; anything else ends the scan.
  void skip_scan() {
    constexpr int max_scans = 256;  // a cap on decoding time; real files have about ten
    check(++scans_ <= max_scans, name_, ": JPEG has more than ", max_scans, " scans");
    while (true) {
      const auto* found = static_cast<const std::uint8_t*>(
          std::memchr(bytes_.data() + offset_, 0xff, bytes_.size() - offset_));
      offset_ = found == nullptr ? bytes_.size() : std::size_t(found - bytes_.data());
      check_left(2);
      const std::uint8_t code = bytes_[offset_ + 1];
      if (code != 0 && code != 0xff && (code < kRestart || code >= kStartOfImage)) return;
      offset_ += code == 0xff ? 1 : 2;
    }
  }

  std::span<const std::uint8_t> bytes_;
  const std::string& name_;
  std::size_t offset_ = 0;
  int frames_ = 0, scans_ = 0, orientation_ = 1;
};

struct StbFree {
  void operator()(stbi_uc* pixels) const { stbi_image_free(pixels); }
};

}  // namespace

Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& name) {
  SegmentWalk walk(bytes, name);
  walk.run();
  int width = 0, height = 0, channels = 0;
  const auto length = int(bytes.size());  // decode_image caps it at 512 MiB
  if (!stbi_info_from_memory(bytes.data(), length, &width, &height, &channels)) {
    fail(name, ": JPEG damaged or of an unknown kind: ", stbi_failure_reason());
  }
  const int wanted = channels == 1 ? 1 : 3;
  const std::unique_ptr<stbi_uc, StbFree> pixels(
      stbi_load_from_memory(bytes.data(), length, &width, &height, &channels, wanted));
  if (pixels == nullptr) fail(name, ": JPEG damaged: ", stbi_failure_reason());
  Image image(width, height, wanted);
  std::memcpy(image.pixels.data(), pixels.get(), image.pixels.size());
  return upright(std::move(image), walk.orientation());
}

}  // namespace voxgrad
