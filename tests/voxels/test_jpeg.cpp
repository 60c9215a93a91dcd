#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "io/file.h"
#include "tests/support/source_tree.h"
#include "tests/voxels/grids.h"
#include "voxels/image/image.h"

using namespace voxgrad;
using namespace voxgrad::testing;

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

std::filesystem::path data_file(const std::string& name) {
  return in_source_tree("tests/voxels/data") / name;
}

/// The bytes of a test file, which shows gradient(45, 30, 3).
Bytes jpeg(const std::string& kind) {
  return read_file(data_file(kind), 100000);
}

Bytes with_exif_orientation(const Bytes& bytes, int orientation) {
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
  return inserted(bytes, 2, exif);
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

/// Where a marker first occurs.
std::size_t find_marker(const Bytes& bytes, std::uint8_t marker) {
  const std::uint8_t wanted[] = {0xff, marker};
  const auto found = std::search(bytes.begin(), bytes.end(), std::begin(wanted), std::end(wanted));
  REQUIRE(found != bytes.end());
  return std::size_t(found - bytes.begin());
}

}  // namespace

// The files are made by tools/make_test_jpegs.py from the same gradient.
TEST_CASE("JPEG: baseline, grey, progressive and CMYK files, and one with restart markers") {
  CHECK(largest_difference(read_image(data_file("grey.jpg")), gradient(45, 30, 1)) <= 4);
  for (const std::string kind : {"baseline.jpg", "progressive.jpg", "cmyk.jpg", "restart.jpg"}) {
    CAPTURE(kind);
    CHECK(largest_difference(read_image(data_file(kind)), gradient(45, 30, 3)) <= 8);
  }
}

TEST_CASE("JPEG: each EXIF orientation is turned upright") {
  const Bytes bytes = jpeg("baseline.jpg");
  const Image stored = decode_image(bytes, "a.jpg");
  const int right = stored.width - 1, bottom = stored.height - 1;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    CAPTURE(orientation);
    const Image image = decode_image(with_exif_orientation(bytes, orientation), "a.jpg");
    REQUIRE(image.width == (orientation >= 5 ? stored.height : stored.width));
    REQUIRE(image.height == (orientation >= 5 ? stored.width : stored.height));
    int wrong = 0;
    for (int y = 0; y <= bottom; ++y) {
      for (int x = 0; x <= right; ++x) {
        // EXIF names the sides on which the stored picture's first row and first column lie.
        const int places[8][2] = {{x, y},                   // top, left
                                  {right - x, y},           // top, right
                                  {right - x, bottom - y},  // bottom, right
                                  {x, bottom - y},          // bottom, left
                                  {y, x},                   // left, top
                                  {bottom - y, x},          // right, top
                                  {bottom - y, right - x},  // right, bottom
                                  {y, right - x}};          // left, bottom
        const int* place = places[orientation - 1];
        wrong += !std::equal(stored.at(x, y), stored.at(x, y) + 3, image.at(place[0], place[1]));
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("JPEG: damaged EXIF data are ignored, and turn nothing") {
  const Bytes good = with_exif_orientation(jpeg("baseline.jpg"), 1);
  const std::vector<std::uint8_t> stored = decode_image(jpeg("baseline.jpg"), "a.jpg").pixels;
  for (std::size_t i = 12; i < 38; ++i) {
    for (const std::uint8_t value : {0x00, 0x7f, 0xff}) {
      Bytes bytes = good;
      bytes[i] = value;
      CHECK(decode_image(bytes, "a.jpg").pixels == stored);
    }
  }
}

TEST_CASE("JPEG: a file cut anywhere is refused, also with an end marker put on") {
  for (const std::string kind : {"baseline.jpg", "progressive.jpg", "restart.jpg"}) {
    CAPTURE(kind);
    const Bytes bytes = jpeg(kind);
    CHECK_NOTHROW(decode(bytes));
    CHECK(decode_cut(bytes, int(bytes.size()), decode).accepted == 0);
  }
  const auto decode_ended = [](const Bytes& cut) {
    decode(inserted(cut, cut.size(), {0xff, 0xd9}));
  };
  // The last two bytes are the end marker itself; the one before may hold nothing but padding.
  Bytes body = jpeg("baseline.jpg");
  body.resize(body.size() - 3);
  CHECK(decode_cut(body, int(body.size()), decode_ended).accepted == 0);
  CHECK(refused_with({0xff, 0xd8, 0xff}, "cut off"));
}

TEST_CASE("JPEG: flipped bits give a picture or an error") {
  // The format has no checksum: many flips only change pixels or tables.
  for (const std::string kind : {"baseline.jpg", "progressive.jpg", "cmyk.jpg", "restart.jpg"}) {
    CAPTURE(kind);
    const auto flipped = decode_flipped(jpeg(kind), 400, decode);
    CHECK(flipped.refused > 50);
    CHECK(flipped.accepted > 0);
  }
}

TEST_CASE("JPEG: sizes beyond the limits are refused before decoding") {
  const Bytes good = jpeg("baseline.jpg");
  const std::size_t frame = find_marker(good, 0xc0);
  const auto sized = [&](int width, int height) {
    Bytes bytes = good;
    bytes[frame + 5] = std::uint8_t(height >> 8);
    bytes[frame + 6] = std::uint8_t(height);
    bytes[frame + 7] = std::uint8_t(width >> 8);
    bytes[frame + 8] = std::uint8_t(width);
    return bytes;
  };
  CHECK_NOTHROW(decode(sized(45, 30)));
  CHECK(refused_with(sized(65535, 65535), "at most 8192"));
  CHECK(refused_with(sized(8192, 8192), "64000000"));
  CHECK(refused_with(sized(45, 0), "no pixels"));
  CHECK(refused_with(sized(45, 300), "damaged"));
}

TEST_CASE("JPEG: bytes after the end marker are allowed, a second frame is not") {
  const Bytes bytes = jpeg("baseline.jpg");
  const std::size_t frame = find_marker(bytes, 0xc0);
  const auto first = bytes.begin() + std::ptrdiff_t(frame);
  CHECK(refused_with(inserted(bytes, frame, Bytes(first, first + 19)), "2 frame headers"));
  CHECK_NOTHROW(decode(inserted(bytes, bytes.size(), {'e', 'x', 't', 'r', 'a'})));
}
