#include "datasets/build/plain_name.h"

#include <cstdint>

namespace voxgrad {
namespace {

constexpr std::size_t max_bytes = 200;

// The length of the character of UTF-8 at the front; 0 if it is none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? std::uint8_t(text[i]) : std::uint8_t{0};
  };
  if (byte(0) < 0x80) return 1;
  const std::size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : byte(0) >= 0xc0 ? 2 : 0;
  if (length == 0 || byte(0) > 0xf4) return 0;
  std::uint32_t code = byte(0) & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3fu);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return code < least[length] || code > 0x10ffff || surrogate ? 0 : length;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

}  // namespace

std::string plain_name(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    std::string_view character = text.substr(0, length);
    if (length == 0 || (length == 1 && !is_plain(text[0]))) character = "-";
    if (name.empty() && character == ".") character = "-";
    if (name.size() + character.size() > max_bytes) break;
    name += character;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return name;
}

}  // namespace voxgrad
