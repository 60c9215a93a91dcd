// Format: "APNG Specification", part of the PNG specification, third edition (W3C, 2025). The first
// picture's pixels stay in IDAT; those of the others are the same data in fdAT, with a number
// before them.
#include "voxels/image/animation.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "io/file.h"
#include "tensor/error.h"
#include "voxels/image/codecs.h"

namespace voxgrad {
namespace {

using Bytes = std::vector<std::uint8_t>;

void append_u32(Bytes& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(std::uint8_t(value >> shift));
}
void append_u16(Bytes& bytes, std::uint32_t value) {
  bytes.push_back(std::uint8_t(value >> 8));
  bytes.push_back(std::uint8_t(value));
}
std::uint32_t u32_at(const Bytes& bytes, std::size_t place) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | bytes[place + i];
  return value;
}

void append_chunk(Bytes& bytes, std::string_view type, std::span<const std::uint8_t> data) {
  append_u32(bytes, std::uint32_t(data.size()));
  const std::size_t start = bytes.size();
  bytes.insert(bytes.end(), type.begin(), type.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  append_u32(bytes, libdeflate_crc32(0, &bytes[start], bytes.size() - start));
}

Bytes frame_control(std::uint32_t number, const Image& image, int milliseconds) {
  Bytes data;
  append_u32(data, number);
  append_u32(data, std::uint32_t(image.width));
  append_u32(data, std::uint32_t(image.height));
  append_u32(data, 0);  // at the left
  append_u32(data, 0);  // at the top
  append_u16(data, std::uint32_t(milliseconds));
  append_u16(data, 1000);
  data.push_back(0);  // stays until the next
  data.push_back(0);  // which replaces it, alpha too
  return data;
}

}  // namespace

std::vector<std::uint8_t> encode_apng(std::span<const Image> frames, int milliseconds) {
  check(!frames.empty(), "[encode_apng] no pictures");
  check(milliseconds >= 1 && milliseconds <= 65535, "[encode_apng] ", milliseconds,
        " milliseconds per picture are not in 1..65535");
  constexpr std::size_t signature = 8;
  Bytes result, end;
  std::uint32_t number = 0;
  for (std::size_t f = 0; f < frames.size(); ++f) {
    const Image& image = frames[f];
    check(image.width == frames[0].width && image.height == frames[0].height &&
              image.channels == frames[0].channels,
          "[encode_apng] picture ", f, " has another size or kind than the first");
    const Bytes png = encode_png(image);
    if (f == 0) result.assign(png.begin(), png.begin() + signature);
    bool started = false;
    for (std::size_t at = signature; at < png.size();) {
      const std::uint32_t size = u32_at(png, at);
      const std::string_view type(reinterpret_cast<const char*>(&png[at + 4]), 4);
      const std::span<const std::uint8_t> data(png.data() + at + 8, size);
      if (type == "IDAT") {
        if (!started) append_chunk(result, "fcTL", frame_control(number++, image, milliseconds));
        started = true;
        if (f == 0) {
          append_chunk(result, type, data);
        } else {
          Bytes numbered;
          append_u32(numbered, number++);
          numbered.insert(numbered.end(), data.begin(), data.end());
          append_chunk(result, "fdAT", numbered);
        }
      } else if (f == 0 && type == "IEND") {
        append_chunk(end, type, data);
      } else if (f == 0) {
        append_chunk(result, type, data);
        if (type == "IHDR") {
          Bytes control;
          append_u32(control, std::uint32_t(frames.size()));
          append_u32(control, 0);  // forever
          append_chunk(result, "acTL", control);
        }
      }
      at += 12 + size;
    }
  }
  result.insert(result.end(), end.begin(), end.end());
  return result;
}

void write_apng(std::span<const Image> frames, int milliseconds,
                const std::filesystem::path& file) {
  write_file_atomically(file, encode_apng(frames, milliseconds));
}

}  // namespace voxgrad
