// parse_properties of sweethome.h, after the description in java.util.Properties.load.
#include <algorithm>
#include <optional>

#include "datasets/build/sweethome.h"

namespace voxgrad {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\f';
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto tail = [&](int shift) { out += char(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    out += char(code);
  } else if (code < 0x800) {
    out += char(0xc0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += char(0xe0 | code >> 12);
    tail(6), tail(0);
  } else {
    out += char(0xf0 | code >> 18);
    tail(12), tail(6), tail(0);
  }
}

// The four hexadecimal digits at `at`, if they are there.
std::optional<std::uint32_t> hex4(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(at, 4)) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    value = value * 16 + std::uint32_t(digit);
  }
  return value;
}

// A \uXXXX escape whose digits begin at `at`, or two that form a surrogate pair. Moves past them.
std::uint32_t unicode_escape(std::string_view text, std::size_t& at) {
  constexpr std::uint32_t replacement = 0xfffd;
  const auto first = hex4(text, at);
  if (!first) return replacement;
  at += 4;
  if (*first < 0xd800 || *first > 0xdfff) return *first;
  if (*first < 0xdc00 && text.substr(at, 2) == "\\u") {
    const auto second = hex4(text, at + 2);
    if (second && *second >= 0xdc00 && *second <= 0xdfff) {
      at += 6;
      return 0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00);
    }
  }
  return replacement;
}

std::string unescaped(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at++];
    if (c != '\\' || at == text.size()) {
      append_utf8(std::uint8_t(c), out);
      continue;
    }
    const char escape = text[at++];
    switch (escape) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case 'f':
        out += '\f';
        break;
      case 'u':
        append_utf8(unicode_escape(text, at), out);
        break;
      default:
        append_utf8(std::uint8_t(escape), out);
    }
  }
  return out;
}

// The next logical line: without leading blanks, with continuation lines joined to it.
std::string next_line(std::string_view& text) {
  std::string line;
  bool continued = true;
  while (continued && !text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    std::string_view piece = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!piece.empty() && is_blank(piece.front())) piece.remove_prefix(1);
    std::size_t slashes = 0;
    while (slashes < piece.size() && piece[piece.size() - 1 - slashes] == '\\') ++slashes;
    const bool comment = line.empty() && !piece.empty() && (piece[0] == '#' || piece[0] == '!');
    continued = slashes % 2 == 1 && !comment;
    if (continued) {
      piece.remove_suffix(1);
      if (!text.empty() && text.data()[-1] == '\r' && text[0] == '\n') text.remove_prefix(1);
    }
    line += piece;
  }
  return line;
}

}  // namespace

std::map<std::string, std::string> parse_properties(std::string_view text) {
  std::map<std::string, std::string> properties;
  while (!text.empty()) {
    const std::string line = next_line(text);
    if (line.empty() || line[0] == '#' || line[0] == '!') continue;
    std::size_t end = 0;
    while (end < line.size() && line[end] != '=' && line[end] != ':' && !is_blank(line[end])) {
      end += line[end] == '\\' ? 2 : 1;
    }
    end = std::min(end, line.size());
    std::size_t value = end;
    while (value < line.size() && is_blank(line[value])) ++value;
    if (value < line.size() && (line[value] == '=' || line[value] == ':')) ++value;
    while (value < line.size() && is_blank(line[value])) ++value;
    properties[unescaped(std::string_view(line).substr(0, end))] =
        unescaped(std::string_view(line).substr(value));
  }
  return properties;
}

}  // namespace voxgrad
