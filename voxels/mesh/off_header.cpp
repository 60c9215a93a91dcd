#include "voxels/mesh/off_header.h"

#include <algorithm>
#include <string>

#include "voxels/mesh/mesh_text.h"

namespace voxgrad {
namespace {

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool parse(std::string_view& text, OffHeader& header) {
  header.texture = take(text, "ST");
  header.color = take(text, "C");
  header.normal = take(text, "N");
  header.homogeneous = take(text, "4");
  header.dimensions = take(text, "n");
  return take(text, "OFF");
}

}  // namespace

OffHeader take_off_header(std::string_view& text) {
  constexpr std::size_t longest = 8;  // STCN4nOFF without one
  OffHeader header;
  std::string_view rest = text;
  if (parse(rest, header)) {
    text = rest;
    return header;
  }
  std::string capitals(text.substr(0, longest + 1));
  std::transform(capitals.begin(), capitals.end(), capitals.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  std::string_view word = capitals;
  header = {};
  if (!parse(word, header)) return {};
  text.remove_prefix(capitals.size() - word.size());
  return header;
}

}  // namespace voxgrad
