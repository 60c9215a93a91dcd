// BMP, GIF, TGA, PNM, WebP, HEIC and AVIF: what they show, and what damage does. The files are made
// by tools/make_test_pictures.py.
#include <algorithm>
#include <cmath>

#include "io/file.h"
#include "tests/support/source_tree.h"
#include "tests/voxels/grids.h"
#include "voxels/image/image.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

Bytes data(const std::string& name) {
  return read_file(in_source_tree("tests/voxels/data") / name, 100000);
}

/// The largest difference to the gradient that all files show, where it is opaque.
int error_of_gradient(const Image& image) {
  if (image.width != 45 || image.height != 30 || image.channels < 3) return 256;
  int largest = 0;
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 45; ++x) {
      const std::uint8_t* pixel = image.at(x, y);
      if (image.channels == 4 && pixel[3] < 255) continue;
      const double u = x / 45.0, v = y / 30.0;
      const double colors[] = {40 + 180 * u, 220 - 170 * v, 60 + 120 * u * v};
      for (int c = 0; c < 3; ++c)
        largest = std::max(largest, std::abs(int(pixel[c]) - int(colors[c])));
    }
  return largest;
}

/// Reads a file of a library that may not be built in: then the error has to say so.
bool is_readable(const std::string& name) {
  std::string message;
  try {
    decode_image(data(name), name);
    return true;
  } catch (const Error& error) {
    message = error.what();
  }
  CAPTURE(message);
  const bool absent = message.find("built without") != std::string::npos ||
                      message.find("cannot decode here") != std::string::npos;
  CHECK(absent);
  CHECK(message.find("onvert it to") != std::string::npos);
  MESSAGE("skipped: ", message);
  return false;
}

void put16(Bytes& bytes, int value) {
  bytes.push_back(std::uint8_t(value));
  bytes.push_back(std::uint8_t(value >> 8));
}

/// An uncompressed TGA of true colours.
Bytes tga(int width, int height, int bytes_left_out = 0) {
  Bytes bytes{0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  put16(bytes, width);
  put16(bytes, height);
  bytes.insert(bytes.end(), {24, 0x20});
  bytes.resize(bytes.size() + std::size_t(3 * width * height - bytes_left_out), 77);
  return bytes;
}

std::string refusal(const Bytes& bytes, const std::string& name) {
  return error_of([&] { decode_image(bytes, name); });
}

}  // namespace

TEST_CASE("pictures in formats of stb_image show what they should") {
  for (const std::string name : {"picture.bmp", "picture.tga", "picture.ppm"}) {
    CAPTURE(name);
    CHECK(error_of_gradient(decode_image(data(name), name)) == 0);
  }
  CHECK(error_of_gradient(decode_image(data("picture.gif"), "picture.gif")) <= 24);
  Bytes grey{'P', '5', '\n', '2', ' ', '1', '\n', '2', '5', '5', '\n', 9, 200};
  const Image pgm = decode_image(grey, "a.pgm");
  CHECK(pgm.channels == 1);
  CHECK(pgm.pixels == Bytes{9, 200});
  // A TGA is known by its name alone.
  CHECK(decode_image(tga(3, 2), "a.TGA").width == 3);
  CHECK(says(refusal(tga(3, 2), "a.bin"), "neither a PNG nor a JPEG"));
}

TEST_CASE("WebP, HEIC and AVIF where they are built in") {
  if (is_readable("lossless.webp")) {
    CHECK(error_of_gradient(decode_image(data("lossless.webp"), "a")) == 0);
    CHECK(error_of_gradient(decode_image(data("rotated.webp"), "a")) == 0);
    const Image clear = decode_image(data("alpha.webp"), "a");
    CHECK(error_of_gradient(clear) <= 12);
    CHECK(clear.at(3, 3)[3] == 0);
    CHECK(clear.at(30, 3)[3] == 255);
    CHECK(decode_cut(data("lossless.webp"), 260, [](const Bytes& bytes) {
            decode_image(bytes, "cut");
          }).accepted == 0);
  }
  for (const std::string name : {"picture.heic", "picture.avif"})
    if (is_readable(name)) {
      CAPTURE(name);
      CHECK(error_of_gradient(decode_image(data(name), name)) <= 24);
    }
}

TEST_CASE("sizes are checked before anything is decoded") {
  CHECK(says(refusal(tga(3, 2, 1), "a.tga"), "cut off"));
  Bytes huge = tga(3, 2);
  huge[12] = huge[14] = 0xff, huge[13] = huge[15] = 0x1f;  // 8191 x 8191: more than the area
  CHECK(says(refusal(huge, "a.tga"), "8191x8191"));
  huge[14] = huge[15] = 8;  // within the area, but not in so few bytes
  CHECK(says(refusal(huge, "a.tga"), "cannot be in"));
  CHECK(says(refusal({'P', '6', ' ', '9', '0', '0', '0', ' ', '9', ' ', '2', '5', '5', '\n'}, "a"),
             "PNM"));
  CHECK(says(refusal({'P', '5', ' ', '2', ' ', '1', ' ', '1', '5', '\n', 1, 2}, "a.pgm"), "255"));
  CHECK(says(refusal({'P', '3', '\n', '1', ' ', '1', '\n', '2', '5', '5', '\n', '1', ' '}, "a"),
             "P5 and P6 are read"));
}

TEST_CASE("damaged pictures of other formats are refused or read, and cut ones refused") {
  const auto decode_as = [](const std::string& name) {
    return [name](const Bytes& bytes) { decode_image(bytes, name); };
  };
  for (const std::string name : {"picture.gif", "picture.bmp", "picture.tga", "picture.ppm"}) {
    CAPTURE(name);
    const Bytes bytes = data(name);
    const MutantCount flipped = decode_flipped(bytes, 2000, decode_as(name));
    CHECK(flipped.refused + flipped.accepted == 2000);
    // Bytes after the last pixel do not count: a TGA's and a GIF's end, padding of rows.
    const MutantCount cut = decode_cut(bytes, int(bytes.size()) - 30, decode_as(name));
    CHECK(cut.accepted <= 30);
  }
  for (const std::string name : {"lossless.webp", "alpha.webp", "picture.heic", "picture.avif"}) {
    CAPTURE(name);
    const MutantCount flipped = decode_flipped(data(name), 300, decode_as(name));
    CHECK(flipped.refused + flipped.accepted == 300);
  }
}
