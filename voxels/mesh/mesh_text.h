// Text of mesh files as programs of every age wrote it: lines that end in LF, CRLF or CR alone, a
// byte-order mark, tabs, and numbers that std::from_chars does not know.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace voxgrad {

/// The bytes as text, without the byte-order mark of UTF-8. Error, which says how to convert it, if
/// they begin with that of UTF-16. `name` stands in the message.
std::string_view mesh_text(std::span<const std::uint8_t> bytes, const std::string& name);

inline bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
/// Without blanks at both ends.
std::string_view trimmed(std::string_view text);
/// Takes the first line away from `text`, with its end, and returns it without.
std::string_view take_line(std::string_view& text);
/// Takes blanks and the word after them away from `text`; empty if there is none left.
std::string_view take_word(std::string_view& text);
/// ASCII letters in lower case.
std::string lower_case(std::string_view text);

/// A path inside a mesh file with '/' between folders (files from Windows have backslashes),
/// without
/// "." and "..".
std::string tidy_path(std::string_view path);

/// A number that is a whole word: what std::from_chars reads, a plus sign, Fortran's exponents
/// (1D5), a decimal comma, and Windows' 1.#INF, -1.#IND and 1.#QNAN. Too large ones become
/// infinite, too small ones 0.
std::optional<double> parse_number(std::string_view word);
/// A whole number, possibly with a sign.
std::optional<std::int64_t> parse_integer(std::string_view word);

}  // namespace voxgrad
