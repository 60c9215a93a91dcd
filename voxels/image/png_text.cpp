#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "voxels/image/png_chunks.h"

namespace voxgrad {
namespace {

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* one) const { libdeflate_free_decompressor(one); }
};

std::vector<std::uint8_t> inflate_text(std::span<const std::uint8_t> compressed) {
  constexpr std::size_t max_bytes = std::size_t(1) << 18;  // EXIF has at most 64 KiB, as digits 128
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (!decompressor) return {};
  std::vector<std::uint8_t> text(std::min(max_bytes, 1100 * compressed.size()));
  std::size_t size = 0;
  const libdeflate_result status = libdeflate_zlib_decompress(
      decompressor.get(), compressed.data(), compressed.size(), text.data(), text.size(), &size);
  text.resize(status == LIBDEFLATE_SUCCESS ? size : 0);
  return text;
}

int digit_value(std::uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// "\nexif\n      34\n45786966...": a name, a decimal count of bytes, and the bytes.
std::vector<std::uint8_t> bytes_of_profile(std::span<const std::uint8_t> text) {
  std::size_t at = 0, count = 0;
  const auto skip = [&](auto&& wanted) {
    while (at < text.size() && wanted(text[at])) ++at;
  };
  const auto is_space = [](std::uint8_t c) { return c == '\n' || c == '\r' || c == ' '; };
  skip(is_space);
  skip([&](std::uint8_t c) { return !is_space(c); });
  skip(is_space);
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && count < text.size(); ++at)
    count = 10 * count + std::size_t(text[at] - '0');
  std::vector<std::uint8_t> bytes;
  while (bytes.size() < count) {
    skip(is_space);
    if (text.size() - at < 2) return {};
    const int high = digit_value(text[at]), low = digit_value(text[at + 1]);
    if (high < 0 || low < 0) return {};
    bytes.push_back(std::uint8_t(16 * high + low));
    at += 2;
  }
  return bytes;
}

}  // namespace

std::vector<std::uint8_t> raw_exif_profile(std::string_view type,
                                           std::span<const std::uint8_t> payload) {
  const std::string_view all(reinterpret_cast<const char*>(payload.data()), payload.size());
  const std::size_t zero = all.find('\0');
  if (zero == std::string_view::npos) return {};
  const std::string_view keyword = all.substr(0, zero);
  if (keyword != "Raw profile type exif" && keyword != "Raw profile type APP1") return {};
  if (type == "tEXt") return bytes_of_profile(payload.subspan(zero + 1));
  constexpr std::uint8_t deflate = 0;
  if (type != "zTXt" || payload.size() < zero + 2 || payload[zero + 1] != deflate) return {};
  return bytes_of_profile(inflate_text(payload.subspan(zero + 2)));
}

}  // namespace voxgrad
