#include "voxels/image/png_chunks.h"

#include <libdeflate.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace voxgrad {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::uint32_t u32(const std::uint8_t* bytes) {
  return std::uint32_t(bytes[0]) << 24 | std::uint32_t(bytes[1]) << 16 |
         std::uint32_t(bytes[2]) << 8 | bytes[3];
}

class ChunkReader {
 public:
  ChunkReader(Bytes bytes, const ImageSource& source) : bytes_(bytes), source_(source) {}

  Png read() {
    const bool any = next();
    check(type_ != "CgBI", source_.name(),
          ": an iPhone PNG (a CgBI chunk first, as Xcode writes into apps), which is no PNG by the "
          "standard: convert it, with Xcode's xcrun pngcrush -revert-iphone-optimizations in.png "
          "out.png, or by opening it in Preview and exporting it");
    require(any && type_ == "IHDR", "no IHDR chunk first");
    read_header();
    while (next()) {
      if (type_ == "IDAT") {
        require(png_.data.empty() || in_data_, "its IDAT chunks are not in a row");
        png_.data.push_back(payload_);
      } else if (type_ == "PLTE") {
        read_palette();
      } else if (type_ == "tRNS") {
        read_transparency();
      } else if (type_ == "eXIf") {
        read_orientation(payload_);
      } else if (type_ == "tEXt" || type_ == "zTXt") {
        read_orientation(raw_exif_profile(type_, payload_));
      } else {
        require(type_ != "IHDR", "second IHDR chunk");
        // A capital letter first: the picture cannot be understood without it.
        require((type_[0] & 0x20) != 0, "unknown critical chunk");
      }
      in_data_ = type_ == "IDAT";
    }
    require(!png_.data.empty(), "no IDAT chunk");
    require(png_.color != Png::palette || !png_.colors.empty(), "no palette");
    return std::move(png_);
  }

 private:
  template <class... Parts>
  void require(bool good, const Parts&... what) const {
    check(good, source_.name(), ": PNG damaged: ", what..., ", at byte ", start_);
  }
  void tolerate(const std::string& what, const std::string& remedy) const {
    source_.tolerate(concat("PNG damaged: ", what, ", at byte ", start_), remedy);
  }

  /// The first data that have one count.
  void read_orientation(Bytes exif) {
    if (!png_.orientation) png_.orientation = exif_orientation(exif);
  }

  /// Goes to the next chunk whose checksum is right; false at IEND.
  bool next() {
    while (!read_chunk()) {
    }
    return type_ != "IEND";
  }

  /// False for one to be passed over.
  bool read_chunk() {
    constexpr std::size_t frame = 12;  // length, type and CRC
    start_ = end_;
    const std::size_t left = bytes_.size() - start_;
    check(left >= frame, source_.name(), ": PNG cut off: it ends at byte ", bytes_.size(),
          ", before its IEND chunk");
    const std::uint8_t* chunk = bytes_.data() + start_;
    const std::size_t length = u32(chunk);
    check(length <= left - frame, source_.name(), ": PNG cut off or damaged: the chunk at byte ",
          start_, " has ", length, " bytes, but only ", left - frame, " are left");
    const bool intact = libdeflate_crc32(0, chunk + 4, length + 4) == u32(chunk + 8 + length);
    type_ = std::string_view(reinterpret_cast<const char*>(chunk + 4), 4);
    payload_ = bytes_.subspan(start_ + 8, length);
    end_ = start_ + frame + length;
    // A small letter first: the pixels do not depend on it.
    const bool ancillary =
        std::ranges::all_of(type_, [](char c) { return std::isalpha(c) != 0; }) &&
        std::islower(type_[0]) != 0;
    require(intact || ancillary, "wrong checksum of the chunk");
    if (!intact) tolerate(concat("wrong checksum of the chunk ", type_), "the chunk is ignored");
    return intact;
  }

  void read_header() {
    require(payload_.size() == 13, "IHDR has ", payload_.size(), " bytes instead of 13");
    const std::uint32_t width = u32(payload_.data()), height = u32(payload_.data() + 4);
    check_image_size(width, height, source_.name());
    const int depth = payload_[8], color = payload_[9];
    const bool few_bits = depth == 1 || depth == 2 || depth == 4;
    const bool known = color == Png::grey      ? few_bits || depth == 8 || depth == 16
                       : color == Png::palette ? few_bits || depth == 8
                       : color == Png::rgb || color == Png::grey_alpha || color == Png::rgba
                           ? depth == 8 || depth == 16
                           : false;
    require(known, "no such pixels: colour type ", color, ", ", depth, " bits");
    require(payload_[10] == 0 && payload_[11] == 0 && payload_[12] <= 1,
            "unknown compression, filter or interlacing");
    png_.width = int(width);
    png_.height = int(height);
    png_.bit_depth = depth;
    png_.color = Png::Color(color);
    png_.interlaced = payload_[12] == 1;
  }

  void read_palette() {
    require(png_.data.empty() && png_.colors.empty(), "second or late palette");
    require(!payload_.empty() && payload_.size() % 3 == 0 && payload_.size() <= 3 * 256,
            "palette of ", payload_.size(), " bytes");
    for (std::size_t i = 0; i < payload_.size(); i += 3)
      png_.colors.push_back({payload_[i], payload_[i + 1], payload_[i + 2], 255});
  }

  void read_transparency() {
    require(png_.data.empty() && !png_.transparent && !png_.palette_alpha,
            "second or late tRNS chunk");
    if (png_.color == Png::palette) {
      if (payload_.size() > png_.colors.size()) {
        tolerate(concat("tRNS chunk of ", payload_.size(), " bytes, larger than the palette of ",
                        png_.colors.size(), " colours"),
                 "the chunk is ignored");
        return;
      }
      for (std::size_t i = 0; i < payload_.size(); ++i) png_.colors[i][3] = payload_[i];
      png_.palette_alpha = true;
    } else if (png_.color == Png::grey || png_.color == Png::rgb) {
      const std::size_t expected = 2 * std::size_t(png_.samples());
      if (payload_.size() != expected) {
        tolerate(concat("tRNS chunk of ", payload_.size(), " bytes instead of ", expected),
                 "the chunk is ignored");
        return;
      }
      auto& transparent = png_.transparent.emplace();
      const std::uint32_t mask = (1u << png_.bit_depth) - 1;
      for (std::size_t i = 0; i < payload_.size() / 2; ++i)
        transparent[i] = (std::uint32_t(payload_[2 * i]) << 8 | payload_[2 * i + 1]) & mask;
    }
  }

  Bytes bytes_;
  const ImageSource& source_;
  Png png_;
  std::size_t start_ = 0, end_ = 8;  // of the chunk; the signature was recognised
  std::string_view type_;
  Bytes payload_;
  bool in_data_ = false;
};

}  // namespace

Png read_png_chunks(std::span<const std::uint8_t> bytes, const ImageSource& source) {
  return ChunkReader(bytes, source).read();
}

}  // namespace voxgrad
