#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

#include "tests/voxels/grids.h"
#include "voxels/file.h"
#include "voxels/image.h"

using namespace voxgrad;
using namespace voxgrad::test;

namespace {

/// Smooth, and different at each corner and in each channel.
Image gradient(int width, int height, int channels) {
  Image image(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double u = double(x) / width, v = double(y) / height;
      const double colors[] = {40 + 180 * u, 220 - 170 * v, 60 + 120 * u * v};
      for (int c = 0; c < channels; ++c) image.at(x, y)[c] = std::uint8_t(colors[c]);
    }
  }
  return image;
}

Bytes encode_jpeg(const Image& image) {
  Bytes bytes;
  const auto append = [](void* target, void* data, int size) {
    const auto* first = static_cast<const std::uint8_t*>(data);
    static_cast<Bytes*>(target)->insert(static_cast<Bytes*>(target)->end(), first, first + size);
  };
  REQUIRE(stbi_write_jpg_to_func(append, &bytes, image.width, image.height, image.channels,
                                 image.pixels.data(), 95));
  return bytes;
}

Bytes with_exif_orientation(const Bytes& jpeg, int orientation) {
  const Bytes exif{0xff,
                   0xe1,
                   0,
                   34,
                   'E',
                   'x',
                   'i',
                   'f',
                   0,
                   0,
                   'I',
                   'I',
                   42,
                   0,
                   8,
                   0,
                   0,
                   0,
                   1,
                   0,
                   0x12,
                   1,
                   3,
                   0,
                   1,
                   0,
                   0,
                   0,
                   std::uint8_t(orientation),
                   0,
                   0,
                   0,
                   0,
                   0,
                   0,
                   0};
  return inserted(jpeg, 2, exif);
}

int largest_difference(const Image& a, const Image& b) {
  REQUIRE(a.width == b.width);
  REQUIRE(a.height == b.height);
  REQUIRE(a.channels == b.channels);
  int largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(int(a.pixels[i]) - int(b.pixels[i])));
  }
  return largest;
}

bool refused_with(const Bytes& bytes, const std::string& reason) {
  const std::string message = error_of([&] { decode_image(bytes, "a.jpg"); });
  INFO(message);
  CHECK(message.find("a.jpg") != std::string::npos);
  return message.find(reason) != std::string::npos;
}

void decode(const Bytes& bytes) {
  decode_image(bytes, "mutant");
}

std::filesystem::path data_file(const char* name) {
  return std::filesystem::path(VOXGRAD_SOURCE_DIR) / "tests/voxels/data" / name;
}

/// Where a marker first occurs.
std::size_t find_marker(const Bytes& jpeg, std::uint8_t marker) {
  const std::uint8_t wanted[] = {0xff, marker};
  const auto found = std::search(jpeg.begin(), jpeg.end(), std::begin(wanted), std::end(wanted));
  REQUIRE(found != jpeg.end());
  return std::size_t(found - jpeg.begin());
}

constexpr std::uint8_t kFrame = 0xc0, kHuffmanTables = 0xc4;

}  // namespace

TEST_CASE("JPEG: pixels come close to what was encoded") {
  const Image image = gradient(45, 30, 3);
  CHECK(largest_difference(decode_image(encode_jpeg(image), "a.jpg"), image) <= 6);
}

// Made by tools/make_test_jpegs.py from the same gradient.
TEST_CASE("JPEG: grey, progressive and CMYK files with restart markers") {
  CHECK(largest_difference(read_image(data_file("grey.jpg")), gradient(45, 30, 1)) <= 6);
  CHECK(largest_difference(read_image(data_file("progressive.jpg")), gradient(45, 30, 3)) <= 8);
  CHECK(largest_difference(read_image(data_file("cmyk.jpg")), gradient(45, 30, 3)) <= 8);
  CHECK(largest_difference(read_image(data_file("restart.jpg")), gradient(45, 30, 3)) <= 8);
}

TEST_CASE("JPEG: each EXIF orientation is turned upright") {
  const Image upright = gradient(20, 12, 3);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    CAPTURE(orientation);
    // EXIF names the places of the stored picture's first row and first column.
    const bool turned = orientation >= 5;
    Image stored(turned ? 12 : 20, turned ? 20 : 12, 3);
    for (int y = 0; y < stored.height; ++y) {
      for (int x = 0; x < stored.width; ++x) {
        const int right = 19, bottom = 11;
        const int places[8][2] = {{x, y},
                                  {right - x, y},  // top, left | right
                                  {right - x, bottom - y},
                                  {x, bottom - y},  // bottom, right | left
                                  {y, x},
                                  {right - y, x},  // left, top; right, top
                                  {right - y, bottom - x},
                                  {y, bottom - x}};  // right, left; bottom
        const int* place = places[orientation - 1];
        std::copy_n(upright.at(place[0], place[1]), 3, stored.at(x, y));
      }
    }
    const Bytes bytes = with_exif_orientation(encode_jpeg(stored), orientation);
    CHECK(largest_difference(decode_image(bytes, "a.jpg"), upright) <= 10);
  }
}

TEST_CASE("JPEG: damaged EXIF data are ignored") {
  const Image image = gradient(20, 12, 3);
  const Bytes good = with_exif_orientation(encode_jpeg(image), 1);
  for (std::size_t i = 10; i < 38; ++i) {
    for (const std::uint8_t value : {0x00, 0x7f, 0xff}) {
      Bytes bytes = good;
      bytes[i] = value;
      CHECK_NOTHROW(decode(bytes));
    }
  }
}

TEST_CASE("JPEG: a file cut anywhere is refused") {
  for (const Bytes& bytes :
       {encode_jpeg(gradient(45, 30, 3)), read_file(data_file("progressive.jpg"), 100000)}) {
    CHECK_NOTHROW(decode(bytes));
    CHECK(decode_cut(bytes, int(bytes.size()), decode).accepted == 0);
  }
  CHECK(refused_with({0xff, 0xd8, 0xff}, "cut off"));
}

TEST_CASE("JPEG: flipped bits give a picture or an error") {
  // The format has no checksum: many flips only change pixels or tables.
  const auto flipped = decode_flipped(encode_jpeg(gradient(45, 30, 3)), 600, decode);
  CHECK(flipped.refused > 0);
  CHECK(flipped.accepted > 0);
  decode_flipped(read_file(data_file("progressive.jpg"), 100000), 600, decode);
  decode_flipped(read_file(data_file("restart.jpg"), 100000), 300, decode);
}

TEST_CASE("JPEG: sizes beyond the limits are refused before decoding") {
  const Bytes good = encode_jpeg(gradient(16, 16, 3));
  const std::size_t frame = find_marker(good, kFrame);
  const auto sized = [&](int width, int height) {
    Bytes bytes = good;
    bytes[frame + 5] = std::uint8_t(height >> 8);
    bytes[frame + 6] = std::uint8_t(height);
    bytes[frame + 7] = std::uint8_t(width >> 8);
    bytes[frame + 8] = std::uint8_t(width);
    return bytes;
  };
  CHECK_NOTHROW(decode(sized(16, 16)));
  CHECK(refused_with(sized(65535, 65535), "at most 8192"));
  CHECK(refused_with(sized(8192, 8192), "64000000"));
  CHECK(refused_with(sized(16, 0), "no pixels"));
}

TEST_CASE("JPEG: bytes after the end marker are allowed, a second frame is not") {
  const Bytes bytes = encode_jpeg(gradient(16, 16, 3));
  const std::size_t frame = find_marker(bytes, kFrame);
  const auto first = bytes.begin() + std::ptrdiff_t(frame);
  CHECK(refused_with(inserted(bytes, frame, Bytes(first, first + 19)), "2 frame headers"));
  CHECK_NOTHROW(decode(inserted(bytes, bytes.size(), {'e', 'x', 't', 'r', 'a'})));
}

TEST_CASE("JPEG: Huffman tables that hold more symbols than there are bytes are refused") {
  const Bytes good = encode_jpeg(gradient(16, 16, 3));
  const std::size_t table = find_marker(good, kHuffmanTables);
  Bytes bytes = good;
  bytes[table + 4 + 16] = 255;  // codes of 16 bits: beyond the segment
  CHECK(refused_with(bytes, "bad Huffman table"));
  Bytes large{0xff, kHuffmanTables, 2, 19, 0};  // 16 counts and 512 symbols
  large.resize(2 + 2 + 1 + 16 + 512);
  large[19] = large[20] = 255;
  large[18] = 2;
  CHECK(refused_with(inserted(good, table, large), "bad Huffman table"));
}
