// Files that viewers open although they break their format's rules: errors when read strictly,
// pictures and warnings when read leniently; and files that are no PNG and no JPEG.
#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>

#include "io/file.h"
#include "tests/support/source_tree.h"
#include "tests/voxels/png_builder.h"
#include "voxels/image/image.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

Bytes jpeg(const std::string& kind) {
  return read_file(in_source_tree("tests/voxels/data") / kind, 100000);
}

PngRecipe small_recipe(PngColor color, int limit = 256) {
  PngRecipe recipe;
  recipe.color = color;
  recipe.sample = [limit](int x, int y, int c) { return (x * 31 + y * 57 + c * 91) % limit; };
  return recipe;
}

/// Refused without a list of warnings, mostly with a hint that this is possible; with one, the
/// pixels and one warning with the words.
Image lenient(const Bytes& bytes, const std::string& words, bool hinted = true) {
  const std::string refusal = error_of([&] { decode_image(bytes, "a.picture"); });
  INFO(refusal);
  CHECK(refusal.find("a.picture") != std::string::npos);
  CHECK((refusal.find("data.lenient") != std::string::npos) == hinted);
  std::vector<std::string> warnings;
  Image image = decode_image(bytes, "a.picture", &warnings);
  REQUIRE(warnings.size() == 1);
  INFO(warnings[0]);
  CHECK(warnings[0].find(words) != std::string::npos);
  return image;
}

bool refused_leniently(const Bytes& bytes) {
  std::vector<std::string> warnings;
  try {
    decode_image(bytes, "a.picture", &warnings);
    return false;
  } catch (const Error&) {
    return true;
  }
}

Bytes deflated(const Bytes& raw) {
  uLongf size = compressBound(raw.size());
  Bytes packed(size);
  REQUIRE(compress(packed.data(), &size, raw.data(), raw.size()) == Z_OK);
  packed.resize(size);
  return packed;
}

Bytes joined(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// One with a width of 13 and a height of 9, grey, and these bytes as its compressed pixels.
Bytes grey_png(const Bytes& compressed) {
  return png_of({{"IHDR", ihdr(13, 9, 8, kGrey)}, {"IDAT", compressed}, {"IEND", {}}});
}

Bytes grey_rows(int rows) {
  Bytes raw;
  for (int y = 0; y < rows; ++y) {
    raw.push_back(0);
    for (int x = 0; x < 13; ++x) raw.push_back(std::uint8_t(x * 3 + y * 29));
  }
  return raw;
}

}  // namespace

TEST_CASE("lenient PNG: more pixels than the header says, and bytes after them") {
  const Image good = decode_image(grey_png(deflated(grey_rows(9))), "good");
  CHECK(lenient(grey_png(deflated(grey_rows(10))), "more pixels").pixels == good.pixels);
  CHECK(lenient(grey_png(deflated(grey_rows(300))), "more pixels").pixels == good.pixels);
  CHECK(lenient(grey_png(joined(deflated(grey_rows(9)), {1, 2, 3})), "3 bytes after").pixels ==
        good.pixels);
  // Rows are missing: no viewer could know them.
  CHECK(refused_leniently(grey_png(deflated(grey_rows(8)))));
  Bytes wrong_checksum = deflated(grey_rows(9));
  wrong_checksum.back() ^= 1;
  CHECK(refused_leniently(grey_png(wrong_checksum)));
  Bytes wrong_longer = deflated(grey_rows(10));
  wrong_longer.back() ^= 1;
  CHECK(refused_leniently(grey_png(wrong_longer)));
}

TEST_CASE("lenient PNG: a tRNS chunk of a wrong size, and colours that the palette lacks") {
  const Bytes two_colors{10, 20, 30, 40, 50, 60};
  PngRecipe recipe = small_recipe(kPalette, 2);
  recipe.extra.push_back({"PLTE", two_colors});
  const Image opaque = decode_image(build_png(recipe), "good");
  recipe.extra.push_back({"tRNS", {0, 255, 255}});
  const Image ignored = lenient(build_png(recipe), "tRNS chunk of 3 bytes");
  CHECK(ignored.channels == 3);
  CHECK(ignored.pixels == opaque.pixels);

  PngRecipe rgb = small_recipe(kRgb);
  const Image plain = decode_image(build_png(rgb), "good");
  rgb.extra.push_back({"tRNS", {0, 1, 0, 2}});
  CHECK(lenient(build_png(rgb), "tRNS chunk of 4 bytes instead of 6").pixels == plain.pixels);

  PngRecipe over = small_recipe(kPalette, 4);
  over.extra.push_back({"PLTE", two_colors});
  const Image black = lenient(build_png(over), "palette of 2 lacks");
  int wrong = 0;
  for (int y = 0; y < black.height; ++y)
    for (int x = 0; x < black.width; ++x) {
      const int entry = over.sample(x, y, 0);
      for (int c = 0; c < 3; ++c)
        wrong += black.at(x, y)[c] != (entry < 2 ? two_colors[std::size_t(3 * entry + c)] : 0);
    }
  CHECK(wrong == 0);
}

TEST_CASE("lenient PNG: a damaged chunk that no pixel depends on; others stay errors") {
  PngRecipe recipe = small_recipe(kRgb);
  recipe.extra.push_back({"tEXt", {'T', 'i', 't', 'l', 'e', 0, 'x'}});
  const Bytes good = build_png(recipe);
  const auto place = [&](const char* type) {
    const std::string name(type);
    return std::size_t(std::search(good.begin(), good.end(), name.begin(), name.end()) -
                       good.begin());
  };
  Bytes text = good;
  text[place("tEXt") + 5] ^= 1;
  CHECK(lenient(text, "chunk tEXt").pixels == decode_image(good, "good").pixels);
  Bytes data = good;
  data[place("IDAT") + 6] ^= 1;
  CHECK(refused_leniently(data));
  Bytes no_end = good;
  no_end.resize(no_end.size() - 12);
  CHECK(refused_leniently(no_end));
}

TEST_CASE("lenient JPEG: stray bytes before a marker") {
  for (const std::string kind : {"baseline.jpg", "progressive.jpg", "restart.jpg"}) {
    CAPTURE(kind);
    const Bytes good = jpeg(kind);
    const Image expected = decode_image(good, "good");
    const auto before = [&](std::uint8_t marker, const Bytes& stray) {
      const std::uint8_t wanted[] = {0xff, marker};
      const auto found =
          std::search(good.begin(), good.end(), std::begin(wanted), std::end(wanted));
      REQUIRE(found != good.end());
      return inserted(good, std::size_t(found - good.begin()), stray);
    };
    const Bytes zeros(12, 0);
    CHECK(lenient(inserted(good, good.size() - 2, zeros), "stray bytes").pixels == expected.pixels);
    if (kind == "restart.jpg")
      CHECK(lenient(before(0xd1, zeros), "stray bytes").pixels == expected.pixels);
    // Between segments, found by the walk and by libjpeg.
    std::vector<std::string> warnings;
    CHECK(decode_image(before(0xc4, {1, 2, 3}), "a.jpg", &warnings).pixels == expected.pixels);
    CHECK_FALSE(warnings.empty());
    CHECK_THROWS_AS(decode_image(before(0xc4, {1, 2, 3}), "a.jpg"), Error);
  }
}

TEST_CASE("lenient JPEG: no end marker, or a trailer in its place") {
  for (const std::string kind : {"baseline.jpg", "progressive.jpg", "restart.jpg", "cmyk.jpg"}) {
    CAPTURE(kind);
    Bytes cut = jpeg(kind);
    const Image expected = decode_image(cut, "good");
    cut.resize(cut.size() - 2);
    CHECK(lenient(cut, "without its end marker", false).pixels == expected.pixels);
    // Samsung's trailers, text, a second picture, and what looks like a segment or a marker.
    for (const Bytes& trailer : std::vector<Bytes>{{0, 0, 1, 10, 'S', 'E', 'F', 'T'},
                                                   Bytes(300, 0),
                                                   {'t', 'e', 'x', 't', 0xff},
                                                   jpeg("grey.jpg"),
                                                   {0xff, 0xe1, 0xff, 0xff, 1},
                                                   {0xff, 0xc0, 0, 17, 8},
                                                   {0xff, 0x02, 7, 7}}) {
      std::vector<std::string> warnings;
      const Image image = decode_image(joined(cut, trailer), "a.jpg", &warnings);
      CHECK(image.pixels == expected.pixels);
      CHECK_FALSE(warnings.empty());
    }
    // Rows are missing.
    Bytes half = cut;
    half.resize(cut.size() - (kind == "progressive.jpg" ? 12 : cut.size() / 10));
    CHECK(refused_leniently(half));
  }
}

TEST_CASE("a good picture gives no warnings, and damage stays within its bounds") {
  std::vector<std::string> warnings;
  decode_image(jpeg("progressive.jpg"), "a.jpg", &warnings);
  decode_image(build_png(small_recipe(kRgba)), "a.png", &warnings);
  CHECK(warnings.empty());
  const auto decode = [](const Bytes& bytes) {
    std::vector<std::string> list;
    decode_image(bytes, "mutant", &list);
  };
  CHECK(decode_flipped(build_png(small_recipe(kRgba)), 2000, decode).refused > 0);
  CHECK(decode_flipped(jpeg("progressive.jpg"), 400, decode).refused > 0);
  CHECK(decode_cut(jpeg("restart.jpg"), 400, decode).refused > 390);
}

TEST_CASE("files of other formats are named, with a way to convert them") {
  const auto refusal = [](std::string_view start) {
    Bytes bytes(start.begin(), start.end());
    bytes.resize(std::max<std::size_t>(bytes.size(), 40));
    return error_of([&] { decode_image(bytes, "photo.png"); });
  };
  using namespace std::string_view_literals;
  const std::pair<std::string_view, const char*> kinds[]{
      {"II\x2a\0"sv, "TIFF"},
      {"MM\0\x2a"sv, "TIFF"},
      {"\0\0\0\x0cJXL \r\n\x87\n"sv, "JPEG XL"},
      {"\0\0\0\x0cjP  \r\n\x87\n"sv, "JPEG 2000"},
      {"8BPS\0\1"sv, "Photoshop"},
      {"P3\n3 3\n255\n"sv, "Netpbm"},
      {"<?xml version=\"1.0\"?>\n<svg xmlns="sv, "SVG"},
      {"%PDF-1.7"sv, "PDF"},
      {"\0\0\0\x18"
       "ftypcrx "sv,
       "CR3"},
      {"FUJIFILMCCD-RAW 0201"sv, "RAF"},
      {"\xff\x4f\xff\x51\0\x2f"sv, "JPEG 2000"},
      {"\xff\x0a\x7f"sv, "JPEG XL"},
      {"IIU\0\x18"sv, "RW2"},
      {"gimp xcf v011"sv, "GIMP"},
      {"v/1\x01\2"sv, "OpenEXR"},
      {"#?RADIANCE\n"sv, "Radiance"},
      {"DDS \x7c"sv, "DDS"},
      {"qoif\0\0\0\3"sv, "QOI"},
      {"\0\0\x01\0\1"sv, "icon"},
      {"\x8aMNG\r\n\x1a\n"sv, "MNG"},
      {"\x8bJNG\r\n\x1a\n"sv, "JNG"},
      {"PK\x03\x04\x14"sv, "ZIP"},
      {"P1 3 3"sv, "Netpbm"},
      {"P7\nWIDTH 3"sv, "Netpbm"},
      {"<svg xmlns="sv, "SVG"},
      {"<SVG xmlns="sv, "SVG"},
  };
  for (const auto& [start, name] : kinds) {
    const std::string message = refusal(start);
    INFO(message);
    CHECK(message.find("photo.png") != std::string::npos);
    CHECK(message.find(name) != std::string::npos);
    CHECK(message.find("onvert") != std::string::npos);
  }
  for (const std::string_view other : {"P0\n3"sv, "P8\n3"sv, "P6x"sv, "Q6\n3"sv, "P6"sv})
    CHECK(refusal(other).find("Netpbm") == std::string::npos);
  // Formats that are read, or could be: damaged, or not built in.
  CHECK(refusal("GIF89a").find("GIF") != std::string::npos);
  CHECK(refusal("RIFF\x24\0\0\0WEBPVP8 "sv).find("WebP") != std::string::npos);
  for (const std::string_view heif :
       {"\0\0\0\x18\x66typheic"sv, "\0\0\0\x18\x66typmif1"sv, "\0\0\0\x20\x66typavif"sv})
    CHECK(refusal(heif).find("HEIC or AVIF") != std::string::npos);
  CHECK(refusal("BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28"sv).find("BMP") != std::string::npos);
  CHECK(refusal("P6\n3 9\n255\n").find("PNM") != std::string::npos);
  CHECK(refusal("<!DOCTYPE html>").find("web page") != std::string::npos);
  CHECK(refusal("version https://git-lfs.github.com/spec/v1").find("git lfs pull") !=
        std::string::npos);
  CHECK(refusal("\x89PNG\n\x1a\n").find("text mode") != std::string::npos);
}

TEST_CASE("an iPhone PNG is named, with a way to convert it") {
  const PngRecipe recipe = small_recipe(kRgba);
  const Bytes bytes = png_of({{"CgBI", {0x50, 0, 0x20, 2}},
                              {"IHDR", ihdr(13, 9, 8, kRgba)},
                              {"IDAT", idat(recipe)},
                              {"IEND", {}}});
  const std::string message = error_of([&] { decode_image(bytes, "icon.png"); });
  CHECK(message.find("icon.png: an iPhone PNG") != std::string::npos);
  CHECK(message.find("pngcrush") != std::string::npos);
}
