#include "voxels/mesh/assimp_cleaning.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string_view>

#include "tensor/error.h"
#include "voxels/mesh/mesh_text.h"

namespace voxgrad {
namespace {

constexpr std::size_t glb_header = 12, chunk_header = 8;

std::uint32_t read_u32(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | bytes[at + i];
  return value;
}

void put_u32(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = std::uint8_t(value >> (8 * i));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The text of COLLADA, walked through tag by tag. Only as much of XML as its geometries need.
struct Tag {
  std::string_view name;        // "float_array", "/source"
  std::string_view attributes;  // after the name
  std::size_t end;              // of the tag, in the text
};

std::optional<Tag> next_tag(std::string_view text, std::size_t from) {
  while (true) {
    const std::size_t begin = text.find('<', from);
    if (begin == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(begin);
    for (const auto& [open, close] :
         {std::pair<std::string_view, std::string_view>{"<!--", "-->"}, {"<![CDATA[", "]]>"}}) {
      if (!rest.starts_with(open)) continue;
      const std::size_t end = text.find(close, begin);
      if (end == std::string_view::npos) return std::nullopt;
      from = end + close.size();
    }
    if (from > begin) continue;
    const std::size_t end = text.find('>', begin);
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view inner = text.substr(begin + 1, end - begin - 1);
    const std::size_t name_end = std::min(inner.find_first_of(" \t\r\n/", 1), inner.size());
    return Tag{inner.substr(0, name_end), inner.substr(name_end), end + 1};
  }
}

std::string_view attribute(std::string_view attributes, std::string_view name) {
  for (std::size_t at = attributes.find(name); at != std::string_view::npos;
       at = attributes.find(name, at + 1)) {
    if (at == 0 || !is_blank(attributes[at - 1])) continue;
    std::string_view rest = trimmed(attributes.substr(at + name.size()));
    if (!rest.starts_with('=')) continue;
    rest = trimmed(rest.substr(1));
    if (rest.empty() || (rest[0] != '"' && rest[0] != '\'')) continue;
    const std::size_t end = rest.find(rest[0], 1);
    if (end == std::string_view::npos) return {};
    return trimmed(rest.substr(1, end - 1));
  }
  return {};
}

// The ids of the sources that hold positions, and whether they all have three numbers per vertex.
struct Positions {
  std::set<std::string, std::less<>> sources;
  Vec3 low, high;
  bool by_threes = true;

  bool far_away() const {
    double size = 0, distance = 0;
    for (int axis = 0; axis < 3; ++axis) {
      size = std::max(size, high[axis] - low[axis]);
      distance = std::max({distance, std::abs(low[axis]), std::abs(high[axis])});
    }
    return by_threes && std::isfinite(distance) && distance > 64 * size;
  }
};

class ColladaCleaner {
 public:
  ColladaCleaner(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  CleanCollada clean() {
    find_positions();
    CleanCollada result;
    if (positions_.far_away()) {
      for (int axis = 0; axis < 3; ++axis) {
        result.offset[axis] = (positions_.low[axis] + positions_.high[axis]) / 2;
      }
    }
    rewrite(result.offset);
    result.bytes.assign(out_.begin(), out_.end());
    return result;
  }

 private:
  // visit(tag, id of the source that it is in, text between this tag and the next)
  template <class Visit>
  void for_each_tag(Visit visit) const {
    std::string_view source;
    for (auto tag = next_tag(text_, 0); tag; tag = next_tag(text_, tag->end)) {
      if (tag->name == "source") source = attribute(tag->attributes, "id");
      if (tag->name == "/source") source = {};
      const std::size_t next = std::min(text_.find('<', tag->end), text_.size());
      visit(*tag, source, text_.substr(tag->end, next - tag->end));
    }
  }

  void find_positions() {
    for_each_tag([&](const Tag& tag, std::string_view, std::string_view) {
      if (tag.name != "input" || attribute(tag.attributes, "semantic") != "POSITION") return;
      std::string_view id = attribute(tag.attributes, "source");
      if (id.starts_with('#')) positions_.sources.emplace(id.substr(1));
    });
    constexpr double inf = std::numeric_limits<double>::infinity();
    positions_.low = {inf, inf, inf};
    positions_.high = {-inf, -inf, -inf};
    for_each_tag([&](const Tag& tag, std::string_view source, std::string_view content) {
      if (!positions_.sources.contains(source)) return;
      if (tag.name == "accessor" && attribute(tag.attributes, "stride") != "3") {
        positions_.by_threes = false;
      }
      if (tag.name != "float_array") return;
      std::size_t axis = 0;
      for (auto word = take_word(content); !word.empty(); word = take_word(content)) {
        const double value = number(word);
        positions_.low[axis] = std::min(positions_.low[axis], value);
        positions_.high[axis] = std::max(positions_.high[axis], value);
        axis = (axis + 1) % 3;
      }
    });
  }

  double number(std::string_view word) const {
    const std::optional<double> value = parse_number(word);
    check(value.has_value(), "[read mesh] ", name_, ": '", word.substr(0, 20),
          "' in a <float_array> is no number");
    return *value;
  }

  void rewrite(const Vec3& offset) {
    std::size_t done = 0;
    const auto copy_up_to = [&](std::size_t end) {
      out_.append(text_.substr(done, end - done));
      done = end;
    };
    for_each_tag([&](const Tag& tag, std::string_view source, std::string_view content) {
      const auto attributes = std::size_t(tag.attributes.data() - text_.data());
      copy_up_to(attributes);
      out_ += without_blanks(tag.attributes);
      done = attributes + tag.attributes.size();
      copy_up_to(tag.end);
      if (tag.attributes.ends_with('/')) return;
      if (holds_numbers(tag.name)) {
        out_ += plain_numbers(content);
        done = std::size_t(content.data() - text_.data()) + content.size();
      }
      if (tag.name != "float_array") return;
      const bool move = positions_.sources.contains(source);
      std::size_t axis = 0;
      for (auto word = take_word(content); !word.empty(); word = take_word(content)) {
        const double value = number(word) - (move ? offset[axis] : 0);
        // Of what assimp cannot read, a vertex that is not finite costs its faces only.
        out_ += std::isfinite(value) ? fmt::format("{:.9g} ", value) : "nan ";
        axis = (axis + 1) % 3;
      }
      done = std::size_t(content.data() - text_.data()) + content.size();
    });
    copy_up_to(text_.size());
  }

  static bool holds_numbers(std::string_view tag) {
    for (const std::string_view name : {"color", "float", "translate", "rotate", "scale", "matrix",
                                        "lookat", "skew", "p", "vcount", "v", "h"}) {
      if (tag == name) return true;
    }
    return false;
  }

  // Numbers with one blank between them; what is none stays.
  static std::string plain_numbers(std::string_view text) {
    std::string result;
    for (auto word = take_word(text); !word.empty(); word = take_word(text)) {
      if (!result.empty()) result += ' ';
      const std::optional<double> value = parse_integer(word) ? std::nullopt : parse_number(word);
      result += value ? fmt::format("{:.9g}", *value) : std::string(word);
    }
    return result;
  }

  static std::string without_blanks(std::string_view attributes) {
    std::string result(attributes);
    for (const std::string_view key : {"count", "offset", "stride", "set"}) {
      const std::string_view value = attribute(result, key);
      if (value.empty()) continue;
      const auto begin = std::size_t(value.data() - result.data());
      std::size_t low = begin, high = begin + value.size();
      while (low > 0 && is_blank(result[low - 1])) --low;
      while (high < result.size() && is_blank(result[high])) ++high;
      result = result.substr(0, low) + std::string(value) + result.substr(high);
    }
    return result;
  }

  std::string_view text_;
  const std::string& name_;
  Positions positions_;
  std::string out_;
};

}  // namespace

std::string percent_decoded(const std::string& uri) {
  std::string result;
  for (std::size_t i = 0; i < uri.size(); ++i) {
    const bool escape = uri[i] == '%' && i + 2 < uri.size() && hex_digit(uri[i + 1]) >= 0 &&
                        hex_digit(uri[i + 2]) >= 0;
    if (escape) {
      result += char(16 * hex_digit(uri[i + 1]) + hex_digit(uri[i + 2]));
      i += 2;
    } else {
      result += uri[i];
    }
  }
  return result;
}

std::vector<std::uint8_t> clean_glb(std::vector<std::uint8_t> bytes) {
  const bool glb = bytes.size() >= glb_header + chunk_header && bytes[0] == 'g' &&
                   bytes[1] == 'l' && bytes[2] == 'T' && bytes[3] == 'F' && read_u32(bytes, 4) == 2;
  if (!glb) return bytes;
  std::vector<std::uint8_t> result(bytes.begin(), bytes.begin() + glb_header);
  std::size_t at = glb_header;
  while (at + chunk_header <= bytes.size()) {
    const std::size_t length = read_u32(bytes, at), begin = at + chunk_header;
    if (length > bytes.size() - begin) break;  // cut off: assimp says so
    const bool json = bytes[at + 4] == 'J';
    const std::size_t header = result.size();
    result.insert(result.end(), bytes.begin() + std::ptrdiff_t(at),
                  bytes.begin() + std::ptrdiff_t(begin + length));
    result.resize((result.size() + 3) / 4 * 4, json ? ' ' : '\0');
    put_u32(result, header, std::uint32_t(result.size() - header - chunk_header));
    at = begin + length;
    // Chunks follow each other directly or, as they should, at multiples of four.
    const auto is_binary = [&](std::size_t place) {
      return place + chunk_header <= bytes.size() && bytes[place + 4] == 'B' &&
             bytes[place + 5] == 'I' && bytes[place + 6] == 'N';
    };
    if (!is_binary(at) && is_binary((at + 3) / 4 * 4)) at = (at + 3) / 4 * 4;
  }
  if (result.size() <= glb_header) return bytes;
  put_u32(result, 8, std::uint32_t(result.size()));
  return result;
}

std::vector<std::uint8_t> clean_gltf(std::vector<std::uint8_t> bytes) {
  const bool marked = bytes.size() >= 3 && bytes[0] == 0xef && bytes[1] == 0xbb && bytes[2] == 0xbf;
  if (marked) bytes.erase(bytes.begin(), bytes.begin() + 3);
  return bytes;
}

CleanCollada clean_collada(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  return ColladaCleaner(mesh_text(bytes, name), name).clean();
}

}  // namespace voxgrad
