// EXIF orientation: SHORT or LONG, in either byte order, wherever files keep it.
#include <doctest/doctest.h>
#include <zlib.h>

#include "io/file.h"
#include "tests/support/source_tree.h"
#include "tests/voxels/png_builder.h"
#include "voxels/image/image.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

struct Entry {
  std::uint16_t tag, type;
  std::uint32_t value;  // a SHORT takes the first half of its field
};

constexpr Entry kOrientationShort{0x0112, 3, 6}, kOrientationLong{0x0112, 4, 6};

/// A TIFF structure with one directory.
Bytes tiff(bool little_endian, const std::vector<Entry>& entries) {
  Bytes bytes = little_endian ? Bytes{'I', 'I'} : Bytes{'M', 'M'};
  const auto put = [&](std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i)
      bytes.push_back(std::uint8_t(value >> 8 * (little_endian ? i : size - 1 - i)));
  };
  put(42, 2);
  put(8, 4);
  put(std::uint32_t(entries.size()), 2);
  for (const Entry& entry : entries) {
    put(entry.tag, 2);
    put(entry.type, 2);
    put(1, 4);
    put(entry.value, entry.type == 3 ? 2 : 4);
    if (entry.type == 3) put(0, 2);
  }
  put(0, 4);
  return bytes;
}

Bytes with_header(const Bytes& exif) {
  return inserted(exif, 0, {'E', 'x', 'i', 'f', 0, 0});
}

Bytes app1(const Bytes& payload) {
  const std::size_t length = payload.size() + 2;
  return inserted(payload, 0, {0xff, 0xe1, std::uint8_t(length >> 8), std::uint8_t(length)});
}

/// The picture is 45x30 as stored; orientation 6 makes it 30x45.
bool jpeg_turned(const std::vector<Bytes>& segments) {
  Bytes bytes = read_file(in_source_tree("tests/voxels/data/baseline.jpg"), 100000);
  std::size_t place = 2;
  for (const Bytes& segment : segments) {
    bytes = inserted(bytes, place, segment);
    place += segment.size();
  }
  return decode_image(bytes, "a.jpg").width == 30;
}

Bytes text_chunk(const std::string& keyword, const std::string& text) {
  Bytes bytes(keyword.begin(), keyword.end());
  bytes.push_back(0);
  bytes.insert(bytes.end(), text.begin(), text.end());
  return bytes;
}

Bytes compressed_chunk(const std::string& keyword, const std::string& text) {
  uLongf size = compressBound(text.size());
  Bytes packed(size);
  REQUIRE(compress(packed.data(), &size, reinterpret_cast<const Bytef*>(text.data()),
                   text.size()) == Z_OK);
  return text_chunk(
      keyword, std::string(1, '\0') + std::string(packed.begin(), packed.begin() + long(size)));
}

/// As ImageMagick writes it.
std::string profile(const Bytes& exif, const std::string& name = "exif",
                    const std::string& digits = "0123456789abcdef",
                    const std::string& line_end = "\n") {
  std::string text = concat(line_end, name, line_end, "      ", exif.size(), line_end);
  for (std::size_t i = 0; i < exif.size(); ++i) {
    text += digits[exif[i] / 16];
    text += digits[exif[i] % 16];
    if (i % 36 == 35) text += line_end;
  }
  return text + line_end;
}

/// 13x9 as stored.
bool png_turned(const std::vector<PngChunk>& chunks, bool after_pixels = false) {
  PngRecipe recipe;
  recipe.sample = [](int x, int y, int c) { return x + y + c; };
  std::vector<PngChunk> all{{"IHDR", ihdr(13, 9, 8, kRgb)}, {"IDAT", idat(recipe)}};
  all.insert(all.end() - (after_pixels ? 0 : 1), chunks.begin(), chunks.end());
  all.push_back({"IEND", {}});
  return decode_image(png_of(all), "a.png").width == 9;
}

}  // namespace

TEST_CASE("a JPEG's orientation may be SHORT or LONG, in either byte order") {
  for (const bool little : {true, false})
    for (const Entry& entry : {kOrientationShort, kOrientationLong}) {
      CAPTURE(little);
      CAPTURE(entry.type);
      CHECK(jpeg_turned({app1(with_header(tiff(little, {entry})))}));
      // Behind other entries, one of which has its number as a value.
      CHECK(jpeg_turned(
          {app1(with_header(tiff(little, {{0x0100, 4, 0x0112}, {0x010f, 3, 6}, entry})))}));
    }
  for (const Entry& other :
       {Entry{0x0112, 2, 6}, Entry{0x0112, 4, 9}, Entry{0x0112, 4, 0x60000}, Entry{0x0113, 3, 6}})
    CHECK_FALSE(jpeg_turned({app1(with_header(tiff(true, {other})))}));
}

TEST_CASE("the first segment that has an orientation counts") {
  const Bytes turned = app1(with_header(tiff(true, {kOrientationLong})));
  const Bytes upright = app1(with_header(tiff(false, {{0x0112, 3, 1}})));
  const Bytes without = app1(with_header(tiff(true, {{0x010f, 3, 1}})));
  const Bytes xmp = app1({'h', 't', 't', 'p', ':', '/', '/', 'n', 's', 0});
  const Bytes broken = app1(with_header({'I', 'I', 42}));
  CHECK(jpeg_turned({without, turned}));
  CHECK(jpeg_turned({xmp, broken, turned, upright}));
  CHECK_FALSE(jpeg_turned({upright, turned}));
  CHECK_FALSE(jpeg_turned({without, upright, turned}));
}

TEST_CASE("a PNG's orientation is found with and without header, and in raw profiles") {
  for (const bool little : {true, false})
    for (const Entry& entry : {kOrientationShort, kOrientationLong}) {
      const Bytes bare = tiff(little, {entry}), headed = with_header(bare);
      for (const bool after : {false, true}) {
        CHECK(png_turned({{"eXIf", bare}}, after));
        CHECK(png_turned({{"eXIf", headed}}, after));
        CHECK(png_turned({{"tEXt", text_chunk("Raw profile type exif", profile(headed))}}, after));
        CHECK(png_turned({{"zTXt", compressed_chunk("Raw profile type exif", profile(headed))}},
                         after));
        CHECK(png_turned(
            {{"zTXt", compressed_chunk("Raw profile type APP1", profile(headed, "generic"))}},
            after));
        // Capital digits, and lines as Windows ends them.
        CHECK(
            png_turned({{"tEXt", text_chunk("Raw profile type exif",
                                            profile(headed, "exif", "0123456789ABCDEF", "\r\n"))}},
                       after));
      }
    }
  const Bytes turned = tiff(true, {kOrientationShort}), upright = tiff(true, {{0x0112, 3, 1}});
  CHECK_FALSE(png_turned({{"eXIf", upright}, {"eXIf", turned}}));
  CHECK(png_turned({{"eXIf", tiff(true, {})}, {"eXIf", turned}}));
}

TEST_CASE("damaged raw profiles are ignored") {
  const std::string good = profile(with_header(tiff(true, {kOrientationShort})));
  const std::string key = "Raw profile type exif";
  CHECK(png_turned({{"tEXt", text_chunk(key, good)}}));
  for (const std::string& text :
       {std::string(), std::string("\nexif\n"), std::string("\nexif\n   99999999999999999999\n00"),
        std::string("\nexif\n  34\n4578zz"), good.substr(0, good.size() / 2),
        std::string(1000, ' '), std::string("\nexif\n  -5\n4578")})
    CHECK_FALSE(png_turned({{"tEXt", text_chunk(key, text)}}));
  CHECK_FALSE(png_turned({{"tEXt", text_chunk("Comment", good)}}));
  CHECK_FALSE(png_turned({{"tEXt", {'R', 'a', 'w'}}}));
  CHECK_FALSE(png_turned({{"zTXt", text_chunk(key, "")}}));
  CHECK_FALSE(png_turned({{"zTXt", text_chunk(key, std::string("\0no deflate", 11))}}));
  Bytes other_method = compressed_chunk(key, good);
  other_method[key.size() + 1] = 1;
  CHECK_FALSE(png_turned({{"zTXt", other_method}}));
  // A megabyte of blanks, as a bomb.
  CHECK_FALSE(png_turned({{"zTXt", compressed_chunk(key, std::string(1 << 20, ' ') + good)}}));
}
