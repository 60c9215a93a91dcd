#include "voxels/mesh/mtl_reader.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "voxels/mesh/mesh_text.h"

namespace voxgrad {
namespace {

std::optional<std::array<float, 3>> parse_color(std::string_view text) {
  std::array<float, 3> color{};
  int count = 0;
  for (; count < 3; ++count) {
    const std::optional<double> value = parse_number(take_word(text));
    if (!value || !std::isfinite(*value)) break;
    color[std::size_t(count)] = float(std::clamp(*value, 0.0, 1.0));
  }
  if (count == 1) return std::array<float, 3>{color[0], color[0], color[0]};  // "g and b as r"
  if (count < 3) return std::nullopt;
  return color;
}

// The file name after options such as -s 1 1 1 or -clamp on: names may hold blanks.
std::string without_options(std::string_view text) {
  text = trimmed(text);
  while (text.starts_with('-')) {
    const std::string option = lower_case(take_word(text));
    const bool vector = option == "-s" || option == "-o" || option == "-t";
    const int least = option == "-mm" ? 2 : 1, most = vector ? 3 : least;
    for (int i = 0; i < most; ++i) {
      std::string_view ahead = text;
      const std::string_view word = take_word(ahead);
      if (i >= least && !parse_number(word)) break;
      if (trimmed(ahead).empty()) break;  // the name itself
      text = ahead;
    }
    text = trimmed(text);
  }
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

}  // namespace

std::map<std::string, ObjMaterial, std::less<>> decode_mtl(std::span<const std::uint8_t> bytes) {
  std::map<std::string, ObjMaterial, std::less<>> materials;
  ObjMaterial ignored;
  ObjMaterial* current = &ignored;
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  while (!text.empty()) {
    std::string_view line = trimmed(take_line(text));
    const std::string key = lower_case(take_word(line).substr(0, 20));
    line = trimmed(line);
    if (key == "newmtl") {
      const auto [place, is_new] = materials.try_emplace(std::string(line));
      current = is_new ? &place->second : &ignored;
    } else if (key == "kd") {
      if (const auto color = parse_color(line)) current->diffuse = color;
    } else if (key == "map_kd") {
      current->diffuse_map = without_options(line);
    }
  }
  return materials;
}

}  // namespace voxgrad
