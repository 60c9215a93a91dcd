// Pictures in memory, PNG and JPEG files, and those of other formats through other libraries.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace voxgrad {

/// 8-bit pixels, row by row from the top, channels interleaved: 1 grey, 2 grey+alpha, 3 RGB, 4
/// RGBA.
struct Image {
  int width = 0, height = 0, channels = 0;
  std::vector<std::uint8_t> pixels;

  Image() = default;
  Image(int width, int height, int channels);  // all 0
  std::uint8_t* at(int x, int y) { return &pixels[(std::size_t(y) * width + x) * channels]; }
  const std::uint8_t* at(int x, int y) const {
    return &pixels[(std::size_t(y) * width + x) * channels];
  }
};

/// Whether EXIF's orientation is applied, or the pixels stay as the file has them.
enum class Orientation { upright, as_stored };

/// Reads a picture of any bit depth and colour type to 8-bit Grey, GreyA, RGB or RGBA, upright
/// (by its EXIF orientation, unless it is asked for as stored). PNG chunk CRCs and the JPEG end
/// marker are checked. Sides at most 8192, at most 64 million pixels, checked before decoding.
/// Error names the file and what is wrong. With `warnings`, files are read that break their
/// format's rules although all pixels are there, as viewers do: stray bytes in a JPEG, one without
/// its end marker, bytes after a PNG's pixels, a wrong tRNS chunk, colours that the palette lacks,
/// a damaged chunk that no pixel depends on. What was wrong is added to the list.
Image read_image(const std::filesystem::path& file, std::vector<std::string>* warnings = nullptr,
                 Orientation orientation = Orientation::upright);
/// The same from memory; `name` stands in the messages.
Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name,
                   std::vector<std::string>* warnings = nullptr,
                   Orientation orientation = Orientation::upright);
/// The formats that this build reads on this machine: "PNG, JPEG, ...".
std::string readable_formats();
/// Writes a PNG: to a temporary file first, then renamed.
void write_png(const Image& image, const std::filesystem::path& file);
/// A grey or RGB picture as baseline JPEG; quality 1..100, as libjpeg counts it.
std::vector<std::uint8_t> encode_jpeg(const Image& image, int quality);

}  // namespace voxgrad
