#include <libdeflate.h>

#include <algorithm>
#include <memory>

#include "voxels/image/png_chunks.h"
#include "voxels/image/png_unfilter.h"

namespace voxgrad {
namespace {

using Bytes = std::span<const std::uint8_t>;

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

libdeflate_decompressor* decompressor_of_thread(const std::string& name) {
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  check(decompressor != nullptr, name, ": not enough memory to read the PNG");
  return decompressor.get();
}

/// Pixels of a stream that holds more of them than the header says; the rest is left out.
void inflate_longer(Bytes data, std::size_t size, std::uint8_t* lines, const ImageSource& source) {
  source.tolerate("PNG damaged: more pixels than its header says", "the last ones are ignored");
  constexpr std::size_t max_extra = std::size_t(1) << 20;
  std::vector<std::uint8_t> longer(size + size / 4 + max_extra);
  std::size_t got = 0;
  const libdeflate_result status =
      libdeflate_zlib_decompress(decompressor_of_thread(source.name()), data.data(), data.size(),
                                 longer.data(), longer.size(), &got);
  check(status == LIBDEFLATE_SUCCESS, source.name(),
        ": PNG damaged: far more pixels than its header says, or not valid ones");
  std::copy_n(longer.begin(), size, lines);
}

/// Every row after its filter's number.
Scratch inflate(const Png& png, const ImageSource& source) {
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
  check(size / largest_ratio <= data.size(), source.name(), ": PNG damaged: ", data.size(),
        " compressed bytes cannot hold ", png.width, "x", png.height, " pixels");

  Scratch lines(size);
  std::size_t read = 0, got = 0;
  // Fails unless the stream is whole, ends in its right Adler-32 and has at most this size.
  const libdeflate_result status =
      libdeflate_zlib_decompress_ex(decompressor_of_thread(source.name()), data.data(), data.size(),
                                    lines.data(), size, &read, &got);
  if (status == LIBDEFLATE_INSUFFICIENT_SPACE) {
    inflate_longer(data, size, lines.data(), source);
    return lines;
  }
  check(status == LIBDEFLATE_SUCCESS, source.name(),
        ": PNG damaged: the compressed pixels are not valid");
  check(got == size, source.name(), ": PNG damaged: the pixels end too early");
  if (read < data.size())
    source.tolerate(concat("PNG damaged: ", data.size() - read, " bytes after the pixels' end"),
                    "they are ignored");
  return lines;
}

/// From stored samples of any depth to 8-bit pixels without palette. False if a pixel has a colour
/// that the palette lacks: it becomes black.
bool expand_row(const Png& png, const std::uint8_t* row, int pixels, std::uint8_t* out) {
  bool all_known = true;
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
      constexpr std::array<std::uint8_t, 4> black{0, 0, 0, 255};
      const bool known = entry < png.colors.size();
      all_known = all_known && known;
      std::copy_n((known ? png.colors[entry] : black).begin(), png.channels(), out);
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
  return all_known;
}

Image to_image(const Png& png, const Scratch& lines, const ImageSource& source) {
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
      check(filter < kPngFilters, source.name(), ": PNG damaged: row ", y,
            " has the unknown filter ", filter);
      std::uint8_t* row = png.plain() ? image.at(0, y) : line + 1;
      png_unfilter(filter, line + 1, above, bytes, png.pixel_bytes(), row);
      above = row;
      if (png.plain()) continue;
      if (!expand_row(png, row, columns, pixels.data()))
        source.tolerate(concat("PNG damaged: a pixel has a colour that the palette of ",
                               png.colors.size(), " lacks"),
                        "such pixels are black");
      for (int x = 0; x < columns; ++x)
        std::copy_n(pixels.data() + std::size_t(x) * std::size_t(image.channels), image.channels,
                    image.at(pass.left + x * pass.step_x, y));
    }
  }
  return image;
}

}  // namespace

Image decode_png(std::span<const std::uint8_t> bytes, const ImageSource& source) {
  const Png png = read_png_chunks(bytes, source);
  return upright(to_image(png, inflate(png, source), source),
                 source.as_stored() ? 1 : png.orientation.value_or(1));
}

}  // namespace voxgrad
