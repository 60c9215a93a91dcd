#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "tensor/error.h"
#include "voxels/image/codecs.h"
#include "voxels/image/png_unfilter.h"

namespace voxgrad {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::uint32_t u32(const std::uint8_t* bytes) {
  return std::uint32_t(bytes[0]) << 24 | std::uint32_t(bytes[1]) << 16 |
         std::uint32_t(bytes[2]) << 8 | bytes[3];
}

/// Everything that the chunks say, and the compressed pixels.
struct Png {
  enum Color : std::uint8_t { grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgba = 6 };

  int width = 0, height = 0, bit_depth = 0;
  Color color = grey;
  bool interlaced = false;
  int orientation = 1;
  std::vector<std::array<std::uint8_t, 4>> colors;          // of the palette, R, G, B, A
  std::optional<std::array<std::uint32_t, 3>> transparent;  // the one colour that is
  bool palette_alpha = false;
  std::vector<Bytes> data;

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

/// Reads all chunks up to IEND: their order, sizes and every CRC, before anything is allocated.
class ChunkReader {
 public:
  ChunkReader(Bytes bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  Png read() {
    require(next() && type_ == "IHDR", "no IHDR chunk first");
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
        png_.orientation = exif_orientation(payload_);
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
    check(good, name_, ": PNG damaged: ", what..., ", at byte ", start_);
  }

  /// Goes to the next chunk; false at IEND.
  bool next() {
    constexpr std::size_t frame = 12;  // length, type and CRC
    start_ = end_;
    const std::size_t left = bytes_.size() - start_;
    check(left >= frame, name_, ": PNG cut off: it ends at byte ", bytes_.size(),
          ", before its IEND chunk");
    const std::uint8_t* chunk = bytes_.data() + start_;
    const std::size_t length = u32(chunk);
    check(length <= left - frame, name_, ": PNG cut off or damaged: the chunk at byte ", start_,
          " has ", length, " bytes, but only ", left - frame, " are left");
    require(libdeflate_crc32(0, chunk + 4, length + 4) == u32(chunk + 8 + length),
            "wrong checksum of the chunk");
    type_ = std::string_view(reinterpret_cast<const char*>(chunk + 4), 4);
    payload_ = bytes_.subspan(start_ + 8, length);
    end_ = start_ + frame + length;
    return type_ != "IEND";
  }

  void read_header() {
    require(payload_.size() == 13, "IHDR has ", payload_.size(), " bytes instead of 13");
    const std::uint32_t width = u32(payload_.data()), height = u32(payload_.data() + 4);
    check_image_size(width, height, name_);
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
      require(payload_.size() <= png_.colors.size(), "tRNS chunk larger than the palette");
      for (std::size_t i = 0; i < payload_.size(); ++i) png_.colors[i][3] = payload_[i];
      png_.palette_alpha = true;
    } else if (png_.color == Png::grey || png_.color == Png::rgb) {
      require(payload_.size() == 2 * std::size_t(png_.samples()), "tRNS chunk of ", payload_.size(),
              " bytes");
      auto& transparent = png_.transparent.emplace();
      const std::uint32_t mask = (1u << png_.bit_depth) - 1;
      for (std::size_t i = 0; i < payload_.size() / 2; ++i)
        transparent[i] = (std::uint32_t(payload_[2 * i]) << 8 | payload_[2 * i + 1]) & mask;
    }
  }

  Bytes bytes_;
  const std::string& name_;
  Png png_;
  std::size_t start_ = 0, end_ = 8;  // of the chunk; the signature was recognised
  std::string_view type_;
  Bytes payload_;
  bool in_data_ = false;
};

/// One of the seven sparse pictures of an interlaced file, or the whole picture.
struct Pass {
  int left, top, step_x, step_y;

  int columns(const Png& png) const { return (png.width - left + step_x - 1) / step_x; }
  int rows(const Png& png) const { return (png.height - top + step_y - 1) / step_y; }
  bool empty(const Png& png) const { return left >= png.width || top >= png.height; }
};

std::span<const Pass> passes(const Png& png) {
  static constexpr Pass whole[]{{0, 0, 1, 1}};
  static constexpr Pass adam7[]{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
  if (png.interlaced) return adam7;
  return whole;
}

/// Memory for the stored rows. What pictures of usual size need is kept by the thread: asking the
/// system for it anew would take as long as decoding.
class Scratch {
 public:
  explicit Scratch(std::size_t bytes) {
    constexpr std::size_t kept = std::size_t(1) << 20;
    thread_local std::vector<std::uint8_t> memory;
    if (bytes > kept)
      large_.reset(new std::uint8_t[bytes]);  // not zeroed
    else if (memory.size() < bytes)
      memory.resize(bytes);
    data_ = large_ ? large_.get() : memory.data();
  }
  std::uint8_t* data() const { return data_; }

 private:
  std::unique_ptr<std::uint8_t[]> large_;
  std::uint8_t* data_;
};

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* one) const { libdeflate_free_decompressor(one); }
};

/// Every row after its filter's number.
Scratch inflate(const Png& png, const std::string& name) {
  std::size_t size = 0;
  for (const Pass& pass : passes(png))
    if (!pass.empty(png))
      size += std::size_t(pass.rows(png)) * (1 + png.row_bytes(pass.columns(png)));

  Bytes data = png.data.front();
  std::vector<std::uint8_t> joined;
  if (png.data.size() > 1) {
    for (const Bytes part : png.data) joined.insert(joined.end(), part.begin(), part.end());
    data = joined;
  }
  constexpr std::size_t largest_ratio = 1032;  // of deflate
  check(size / largest_ratio <= data.size(), name, ": PNG damaged: ", data.size(),
        " compressed bytes cannot hold ", png.width, "x", png.height, " pixels");

  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  check(decompressor != nullptr, name, ": not enough memory to read the PNG");
  Scratch lines(size);
  // Fails unless the stream is whole, ends in its right Adler-32 and has just this size.
  const libdeflate_result status = libdeflate_zlib_decompress(
      decompressor.get(), data.data(), data.size(), lines.data(), size, nullptr);
  check(status == LIBDEFLATE_SUCCESS, name, ": PNG damaged: ",
        status == LIBDEFLATE_SHORT_OUTPUT         ? "the pixels end too early"
        : status == LIBDEFLATE_INSUFFICIENT_SPACE ? "more pixels than its header says"
                                                  : "the compressed pixels are not valid");
  return lines;
}

/// From stored samples of any depth to 8-bit pixels without palette.
void expand_row(const Png& png, const std::uint8_t* row, int pixels, std::uint8_t* out,
                const std::string& name) {
  const int depth = png.bit_depth, samples = png.samples();
  const std::uint32_t highest = (1u << depth) - 1;
  const auto sample = [&](std::size_t i) -> std::uint32_t {
    if (depth == 16) return std::uint32_t(row[2 * i]) << 8 | row[2 * i + 1];
    const std::size_t bit = i * std::size_t(depth);
    return std::uint32_t(row[bit / 8]) >> (8 - std::size_t(depth) - bit % 8) & highest;
  };
  for (int x = 0; x < pixels; ++x, out += png.channels()) {
    const std::size_t first = std::size_t(x) * std::size_t(samples);
    if (png.color == Png::palette) {
      const std::uint32_t entry = sample(first);
      check(entry < png.colors.size(), name, ": PNG damaged: a pixel has colour ", entry, " of ",
            png.colors.size());
      std::copy_n(png.colors[entry].begin(), png.channels(), out);
      continue;
    }
    bool shown = !png.transparent;
    for (int c = 0; c < samples; ++c) {
      const std::uint32_t value = sample(first + std::size_t(c));
      shown = shown || value != (*png.transparent)[std::size_t(c)];
      out[c] = std::uint8_t(depth == 16 ? value >> 8 : value * (255 / highest));
    }
    if (png.transparent) out[samples] = shown ? 255 : 0;
  }
}

Image to_image(const Png& png, const Scratch& lines, const std::string& name) {
  Image image(png.width, png.height, png.channels());
  const std::vector<std::uint8_t> zeros(png.row_bytes(png.width));
  std::vector<std::uint8_t> pixels;  // of one row, expanded
  if (!png.plain()) pixels.resize(std::size_t(png.width) * std::size_t(image.channels));
  std::uint8_t* line = lines.data();
  for (const Pass& pass : passes(png)) {
    if (pass.empty(png)) continue;
    const int columns = pass.columns(png);
    const std::size_t bytes = png.row_bytes(columns);
    const std::uint8_t* above = zeros.data();
    for (int y = pass.top; y < png.height; y += pass.step_y, line += 1 + bytes) {
      const int filter = *line;
      check(filter < kPngFilters, name, ": PNG damaged: row ", y, " has the unknown filter ",
            filter);
      std::uint8_t* row = png.plain() ? image.at(0, y) : line + 1;
      png_unfilter(filter, line + 1, above, bytes, png.pixel_bytes(), row);
      above = row;
      if (png.plain()) continue;
      expand_row(png, row, columns, pixels.data(), name);
      for (int x = 0; x < columns; ++x)
        std::copy_n(pixels.data() + std::size_t(x) * std::size_t(image.channels), image.channels,
                    image.at(pass.left + x * pass.step_x, y));
    }
  }
  return image;
}

}  // namespace

Image decode_png(std::span<const std::uint8_t> bytes, const std::string& name) {
  const Png png = ChunkReader(bytes, name).read();
  return upright(to_image(png, inflate(png, name), name), png.orientation);
}

}  // namespace voxgrad
