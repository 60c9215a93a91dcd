#include <doctest/doctest.h>

#include "tests/voxels/png_builder.h"
#include "voxels/image/image.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

/// A sample that differs from pixel to pixel and from channel to channel.
std::function<int(int, int, int)> pattern(int bit_depth) {
  return [limit = 1 << bit_depth](int x, int y, int c) {
    return (x * 7919 + y * 104729 + c * 1299709 + x * y * 31) % limit;
  };
}

PngRecipe recipe_of(PngColor color, int bit_depth, bool interlaced = false) {
  PngRecipe recipe;
  recipe.color = color;
  recipe.bit_depth = bit_depth;
  recipe.interlaced = interlaced;
  recipe.sample = pattern(bit_depth);
  return recipe;
}

int to_8_bits(int sample, int bit_depth) {
  return bit_depth == 16 ? sample >> 8 : sample * 255 / ((1 << bit_depth) - 1);
}

int wrong_pixels(const Image& image, const std::function<int(int, int, int)>& expected) {
  int wrong = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      for (int c = 0; c < image.channels; ++c) wrong += image.at(x, y)[c] != expected(x, y, c);
    }
  }
  return wrong;
}

bool refused_with(const Bytes& bytes, const std::string& reason) {
  const std::string message = error_of([&] { decode_image(bytes, "a.png"); });
  INFO(message);
  CHECK(message.find("a.png") != std::string::npos);
  return message.find(reason) != std::string::npos;
}

void decode(const Bytes& bytes) {
  decode_image(bytes, "mutant");
}

}  // namespace

TEST_CASE("PNG: every bit depth and colour type, plain and interlaced") {
  struct Kind {
    PngColor color;
    int channels;
    std::vector<int> depths;
  };
  const Kind kinds[] = {{kGrey, 1, {1, 2, 4, 8, 16}},
                        {kRgb, 3, {8, 16}},
                        {kGreyAlpha, 2, {8, 16}},
                        {kRgba, 4, {8, 16}}};
  for (const Kind& kind : kinds) {
    for (const int depth : kind.depths) {
      for (const bool interlaced : {false, true}) {
        CAPTURE(kind.color);
        CAPTURE(depth);
        CAPTURE(interlaced);
        const PngRecipe recipe = recipe_of(kind.color, depth, interlaced);
        const Image image = decode_image(build_png(recipe), "a.png");
        CHECK(image.width == 13);
        CHECK(image.height == 9);
        REQUIRE(image.channels == kind.channels);
        CHECK(wrong_pixels(image, [&](int x, int y, int c) {
                return to_8_bits(recipe.sample(x, y, c), depth);
              }) == 0);
      }
    }
  }
}

TEST_CASE("PNG: palettes of every depth, with and without transparency") {
  for (const int depth : {1, 2, 4, 8}) {
    for (const bool transparent : {false, true}) {
      CAPTURE(depth);
      CAPTURE(transparent);
      PngRecipe recipe = recipe_of(kPalette, depth, depth == 2);
      const auto color = [](int entry, int c) { return (entry * 37 + c * 91 + 5) % 256; };
      Bytes palette, alpha;
      for (int entry = 0; entry < 1 << depth; ++entry) {
        for (int c = 0; c < 3; ++c) palette.push_back(std::uint8_t(color(entry, c)));
        alpha.push_back(std::uint8_t(entry * 11 % 256));
      }
      recipe.extra.push_back({"PLTE", palette});
      if (transparent) recipe.extra.push_back({"tRNS", alpha});
      const Image image = decode_image(build_png(recipe), "a.png");
      REQUIRE(image.channels == (transparent ? 4 : 3));
      CHECK(wrong_pixels(image, [&](int x, int y, int c) {
              const int entry = recipe.sample(x, y, 0);
              return c == 3 ? entry * 11 % 256 : color(entry, c);
            }) == 0);
    }
  }
}

TEST_CASE("PNG: one transparent colour becomes an alpha channel") {
  PngRecipe grey = recipe_of(kGrey, 4);
  grey.extra.push_back({"tRNS", {0, 5}});
  const Image image = decode_image(build_png(grey), "a.png");
  REQUIRE(image.channels == 2);
  CHECK(wrong_pixels(image, [&](int x, int y, int c) {
          const int sample = grey.sample(x, y, 0);
          return c == 0 ? sample * 17 : sample == 5 ? 0 : 255;
        }) == 0);
}

TEST_CASE("PNG: EXIF orientation is applied") {
  PngRecipe recipe = recipe_of(kRgb, 8);
  // Big-endian TIFF with one entry: orientation 6, stored turned left by 90 degrees.
  recipe.extra.push_back({"eXIf", {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0,
                                   3,   0,   0, 0,  1, 0, 6, 0, 0, 0, 0, 0,    0}});
  const Image image = decode_image(build_png(recipe), "a.png");
  CHECK(image.width == 9);
  CHECK(image.height == 13);
  CHECK(wrong_pixels(image, [&](int x, int y, int c) {
          return recipe.sample(y, recipe.height - 1 - x, c);
        }) == 0);
}

TEST_CASE("PNG: files written are read back, all channel counts") {
  const TemporaryFolder folder;
  for (int channels = 1; channels <= 4; ++channels) {
    Image image(31, 17, channels);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
      image.pixels[i] = std::uint8_t(i * i * 7 + i / 3);
    }
    write_png(image, folder / "a.png");
    const Image back = read_image(folder / "a.png");
    CHECK(back.width == 31);
    CHECK(back.channels == channels);
    CHECK(back.pixels == image.pixels);
  }
  Image broken(4, 4, 3);
  broken.pixels.pop_back();
  CHECK(error_of([&] { write_png(broken, folder / "b.png"); }).find("47 bytes") !=
        std::string::npos);
  CHECK(!std::filesystem::exists(folder / "b.png"));
}

TEST_CASE("PNG: sizes beyond the limits are refused before anything is decoded") {
  const auto sized = [](std::uint32_t width, std::uint32_t height) {
    return png_of({{"IHDR", ihdr(width, height, 8, kRgba)}, {"IEND", {}}});
  };
  CHECK(refused_with(sized(0, 5), "no pixels"));
  CHECK(refused_with(sized(8193, 1), "at most 8192"));
  CHECK(refused_with(sized(1, 8193), "at most 8192"));
  CHECK(refused_with(sized(8192, 8192), "64000000"));
  CHECK(refused_with(sized(0xffffffff, 0xffffffff), "at most 8192"));
}

TEST_CASE("PNG: broken structure is refused") {
  const PngRecipe recipe = recipe_of(kRgb, 8);
  const PngChunk head{"IHDR", ihdr(13, 9, 8, kRgb)}, data{"IDAT", idat(recipe)}, end{"IEND", {}};
  CHECK(refused_with(png_of({head, data}), "cut off"));
  CHECK(refused_with(png_of({}), "cut off"));
  CHECK(refused_with(png_of({data, end}), "no IHDR"));
  CHECK(refused_with(png_of({head, head, data, end}), "second IHDR"));
  CHECK(refused_with(png_of({{"IHDR", {0, 0, 0, 1}}, end}), "instead of 13"));
  CHECK(refused_with(png_of({head, end}), "damaged"));
  CHECK(refused_with(png_of({{"IHDR", ihdr(13, 9, 5, kRgb)}, data, end}), "damaged"));
  CHECK(refused_with(png_of({{"IHDR", ihdr(13, 900, 8, kRgb)}, data, end}), "damaged"));
  CHECK(refused_with(png_of({{"IHDR", ihdr(13, 9, 8, kPalette)}, data, end}), "damaged"));
  Bytes short_data = data.data;
  short_data.resize(short_data.size() / 2);
  CHECK(refused_with(png_of({head, {"IDAT", short_data}, end}), "damaged"));
  CHECK(refused_with({}, "empty"));
  CHECK(refused_with({'h', 'e', 'l', 'l', 'o', '!'}, "neither a PNG nor a JPEG"));
}

TEST_CASE("PNG: each flipped bit is noticed and each cut file refused") {
  PngRecipe recipe = recipe_of(kRgba, 8);
  recipe.extra.push_back({"tEXt", {'T', 'i', 't', 'l', 'e', 0, 'x'}});
  const Bytes bytes = build_png(recipe);
  CHECK_NOTHROW(decode(bytes));
  // Signature, lengths, types, data and checksums: all bits of the file are checked.
  CHECK(decode_flipped(bytes, int(8 * bytes.size()), decode).accepted == 0);
  CHECK(decode_cut(bytes, int(bytes.size()), decode).accepted == 0);
}

TEST_CASE("PNG: damaged pixels under valid checksums give a picture or an error") {
  PngRecipe recipe = recipe_of(kRgb, 8, true);
  const PngChunk head{"IHDR", ihdr(13, 9, 8, kRgb, true)}, end{"IEND", {}};
  const auto decode_data = [&](const Bytes& data) { decode(png_of({head, {"IDAT", data}, end})); };
  const auto flipped = decode_flipped(idat(recipe), 400, decode_data);
  CHECK(flipped.refused > 300);
}
