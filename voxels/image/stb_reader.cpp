// BMP, GIF (its first picture), TGA and binary PNM through stb_image, which checks little: sizes
// are checked before it decodes, its memory is bounded, and what is cut off is refused.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "voxels/image/codecs.h"

namespace {

// What stb_image may still take while it decodes a picture, in this thread.
thread_local std::size_t memory_left = 0;

/// Blocks carry their size before them.
constexpr std::size_t header = alignof(std::max_align_t);

void* bounded_malloc(std::size_t size) {
  if (size > memory_left) return nullptr;
  auto* const block = static_cast<unsigned char*>(std::malloc(size + header));
  if (block == nullptr) return nullptr;
  std::memcpy(block, &size, sizeof size);
  memory_left -= size;
  return block + header;
}

std::size_t size_of_block(const void* data) {
  std::size_t size = 0;
  std::memcpy(&size, static_cast<const unsigned char*>(data) - header, sizeof size);
  return size;
}

void bounded_free(void* data) {
  if (data == nullptr) return;
  memory_left += size_of_block(data);
  std::free(static_cast<unsigned char*>(data) - header);
}

void* bounded_realloc(void* data, std::size_t size) {
  void* const grown = bounded_malloc(size);
  if (grown == nullptr || data == nullptr) return grown;
  std::memcpy(grown, data, std::min(size, size_of_block(data)));
  bounded_free(data);
  return grown;
}

}  // namespace

#define STBI_MALLOC(size) bounded_malloc(size)
#define STBI_REALLOC(data, size) bounded_realloc(data, size)
#define STBI_FREE(data) bounded_free(data)
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_BMP
#define STBI_ONLY_GIF
#define STBI_ONLY_TGA
#define STBI_ONLY_PNM
// stb_image 2.30 needs a function of PSD for PNM; is_tga() keeps such files away.
#define STBI_ONLY_PSD
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_MAX_DIMENSIONS 8192
#include <stb/stb_image.h>

namespace voxgrad {
namespace {

using std::string_view_literals::operator""sv;

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_bmp(std::string_view text) {
  return text.starts_with("BM") && text.size() > 26 && text.substr(6, 4) == "\0\0\0\0"sv;
}

/// 8-bit binary grey or colour maps: what stb_image reads rightly.
bool is_pnm(std::string_view text) {
  return text.size() > 7 && (text.starts_with("P5") || text.starts_with("P6")) &&
         std::string_view(" \t\r\n#").find(text[2]) != std::string_view::npos;
}

/// Nothing marks a TGA but, in later ones, its end; so the file's name has to say it.
bool is_tga(std::string_view text, std::string_view name) {
  if (text.size() < 18 || text.starts_with("8BPS")) return false;
  if (text.ends_with("TRUEVISION-XFILE.\0"sv)) return true;
  if (name.size() < 4) return false;
  std::string suffix(name.substr(name.size() - 4));
  std::ranges::transform(suffix, suffix.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return suffix == ".tga";
}

/// The largest number that a binary PNM's samples may have; 0 if its header cannot be read.
int largest_sample(std::string_view text) {
  std::array<int, 3> numbers{};
  std::size_t i = 2;
  for (int& number : numbers) {
    while (i < text.size() && (text[i] == '#' || std::string_view(" \t\r\n").find(text[i]) !=
                                                     std::string_view::npos)) {
      if (text[i] == '#')
        while (i < text.size() && text[i] != '\n') ++i;
      else
        ++i;
    }
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9' && number < 1'000'000; ++i)
      number = 10 * number + (text[i] - '0');
  }
  return numbers[2];
}

/// The bytes as stb_image asks for them. It reads on after their end as if there were zeros.
struct Feed {
  std::span<const std::uint8_t> bytes;
  std::size_t offset = 0;
  bool starved = false;

  static constexpr int block = 128;  // that stb_image asks for in advance

  static int read(void* user, char* data, int size) {
    Feed& feed = *static_cast<Feed*>(user);
    const std::size_t left = feed.bytes.size() - feed.offset;
    const std::size_t count = std::min(left, std::size_t(std::max(0, size)));
    if (left == 0 || (size != block && count < std::size_t(size))) feed.starved = true;
    if (count > 0) std::memcpy(data, feed.bytes.data() + feed.offset, count);
    feed.offset += count;
    return int(count);
  }
  static void skip(void* user, int count) {
    Feed& feed = *static_cast<Feed*>(user);
    const auto place = std::ptrdiff_t(feed.offset) + count;
    if (place > std::ptrdiff_t(feed.bytes.size())) feed.starved = true;
    feed.offset =
        std::size_t(std::clamp(place, std::ptrdiff_t(0), std::ptrdiff_t(feed.bytes.size())));
  }
  static int eof(void* user) {
    const Feed& feed = *static_cast<Feed*>(user);
    return feed.offset >= feed.bytes.size() ? 1 : 0;
  }
};

constexpr stbi_io_callbacks callbacks{Feed::read, Feed::skip, Feed::eof};

std::string reason() {
  const char* const text = stbi_failure_reason();
  return text == nullptr ? "it cannot be read" : text;
}

struct FreePixels {
  void operator()(stbi_uc* pixels) const { stbi_image_free(pixels); }
};

}  // namespace

const char* stb_format(std::span<const std::uint8_t> bytes, const std::string& name) {
  const std::string_view text = text_of(bytes);
  if (text.starts_with("GIF87a") || text.starts_with("GIF89a")) return "GIF";
  if (is_bmp(text)) return "BMP";
  if (is_pnm(text)) return "PNM";
  if (is_tga(text, name)) return "TGA";
  return nullptr;
}

Image decode_with_stb(std::span<const std::uint8_t> bytes, const ImageSource& source) {
  const std::string name = source.name();
  const std::string format = stb_format(bytes, name);
  if (format == "PNM")
    check(largest_sample(text_of(bytes)) == 255, name,
          ": a PNM picture whose samples do not go to 255. Convert it to PNG, for instance with "
          "ImageMagick: convert FILE picture.png");
  constexpr std::size_t slack = std::size_t(1) << 20;
  memory_left = slack;
  int width = 0, height = 0, channels = 0;
  Feed feed{bytes};
  check(stbi_info_from_callbacks(&callbacks, &feed, &width, &height, &channels) == 1, name, ": ",
        format, " damaged: ", reason());
  check_image_size(std::uint64_t(std::max(0, width)), std::uint64_t(std::max(0, height)),
                   concat(name, ": ", format));
  const std::size_t pixels = std::size_t(width) * std::size_t(height);
  // A GIF's byte stands for some 2,700 pixels at most, a TGA's for 128, others' for 8.
  const std::size_t per_byte = format == "GIF" ? 4096 : format == "TGA" ? 160 : 8;
  check(pixels / per_byte <= bytes.size(), name, ": ", format, " damaged or cut off: ", width, "x",
        height, " pixels cannot be in ", bytes.size(), " bytes");
  memory_left = slack + 14 * pixels;  // a GIF takes 13: two pictures, its indices and a history
  feed = Feed{bytes};
  const std::unique_ptr<stbi_uc, FreePixels> data(
      stbi_load_from_callbacks(&callbacks, &feed, &width, &height, &channels, 0));
  check(data != nullptr, name, ": ", format, " damaged: ", reason());
  check(!feed.starved, name, ": ", format, " cut off: it ends at byte ", bytes.size(),
        ", before its last pixel");
  check(std::size_t(width) * std::size_t(height) == pixels && channels >= 1 && channels <= 4, name,
        ": ", format, " damaged: its sizes contradict each other");
  Image image(width, height, channels);
  std::copy_n(data.get(), image.pixels.size(), image.pixels.begin());
  return image;
}

}  // namespace voxgrad
