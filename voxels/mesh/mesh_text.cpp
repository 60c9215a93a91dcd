#include "voxels/mesh/mesh_text.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>

#include "tensor/error.h"

namespace voxgrad {
namespace {

constexpr std::size_t max_number_length = 1000;

std::string_view without_plus(std::string_view word) {
  const bool plus = word.size() > 1 && word[0] == '+' && word[1] != '-' && word[1] != '+';
  return plus ? word.substr(1) : word;
}

// from_chars leaves it to us which end of the range a number is out of.
double limit_of(std::string_view word) {
  const bool negative = word.starts_with('-');
  const std::size_t exponent = word.find_first_of("eE");
  const bool small = exponent != std::string_view::npos
                         ? word.substr(exponent + 1).starts_with('-')
                         : word.find_first_of("123456789") > word.find('.');
  if (small) return negative ? -0.0 : 0.0;
  return negative ? -std::numeric_limits<double>::infinity()
                  : std::numeric_limits<double>::infinity();
}

// 1.#INF, 1.#IND, 1.#QNAN, 1.#SNAN, each perhaps with more digits after it (1.#IND00).
std::optional<double> windows_number(std::string_view word) {
  const bool negative = word.starts_with('-');
  if (negative) word.remove_prefix(1);
  if (!word.starts_with("1.#")) return std::nullopt;
  const double value = lower_case(word.substr(3)).starts_with("inf")
                           ? std::numeric_limits<double>::infinity()
                           : std::numeric_limits<double>::quiet_NaN();
  return negative ? -value : value;
}

}  // namespace

std::string_view mesh_text(std::span<const std::uint8_t> bytes, const std::string& name) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  check(!text.starts_with("\xff\xfe") && !text.starts_with("\xfe\xff"), "[read mesh] ", name,
        ": text in UTF-16; save it as UTF-8 or plain ASCII");
  return text;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end);
  if (text.starts_with("\r\n")) {
    text.remove_prefix(2);
  } else if (!text.empty()) {
    text.remove_prefix(1);
  }
  return line;
}

std::string_view take_word(std::string_view& text) {
  std::size_t begin = 0;
  while (begin < text.size() && is_blank(text[begin])) ++begin;
  std::size_t end = begin;
  while (end < text.size() && !is_blank(text[end])) ++end;
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return result;
}

std::string tidy_path(std::string_view path) {
  std::string result(path);
  std::replace(result.begin(), result.end(), '\\', '/');
  return std::filesystem::path(result).lexically_normal().generic_string();
}

std::optional<double> parse_number(std::string_view word) {
  word = without_plus(word);
  if (word.empty() || word.size() > max_number_length) return std::nullopt;
  double value = 0;
  const char* end = word.data() + word.size();
  const auto result = std::from_chars(word.data(), end, value);
  if (result.ec == std::errc::result_out_of_range && result.ptr == end) return limit_of(word);
  if (result.ec == std::errc() && result.ptr == end) return value;
  if (const auto special = windows_number(word)) return special;
  const std::size_t comma = word.find(',');
  if (comma != std::string_view::npos && comma == word.find_last_of(".,")) {
    std::string with_point(word);
    with_point[comma] = '.';
    return parse_number(with_point);
  }
  const std::size_t fortran = word.find_first_of("dD");
  if (fortran == std::string_view::npos || fortran == 0) return std::nullopt;
  std::string with_e(word);
  with_e[fortran] = 'e';
  if (with_e.find_first_of("dD") != std::string::npos) return std::nullopt;
  if (with_e.compare(fortran + 1, 1, "+") == 0) with_e.erase(fortran + 1, 1);
  return parse_number(with_e);
}

std::optional<std::int64_t> parse_integer(std::string_view word) {
  word = without_plus(word);
  std::int64_t value = 0;
  const char* end = word.data() + word.size();
  const auto result = std::from_chars(word.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

}  // namespace voxgrad
