#include "voxels/mesh/ply_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "tensor/error.h"
#include "voxels/mesh/face_builder.h"
#include "voxels/mesh/mesh_text.h"

namespace voxgrad {
namespace {

constexpr MeshColor grey{0.7f, 0.7f, 0.7f};

enum class Type { i8, u8, i16, u16, i32, u32, f32, f64 };

int size_of(Type type) {
  switch (type) {
    case Type::i8:
    case Type::u8:
      return 1;
    case Type::i16:
    case Type::u16:
      return 2;
    case Type::f64:
      return 8;
    default:
      return 4;
  }
}

// What stands for full intensity in a colour of this type.
double full_scale(Type type) {
  switch (type) {
    case Type::i8:
      return 127;
    case Type::u8:
      return 255;
    case Type::i16:
      return 32767;
    case Type::u16:
      return 65535;
    case Type::i32:
      return 2147483647;
    case Type::u32:
      return 4294967295;
    default:
      return 1;
  }
}

struct Property {
  std::string name;
  Type type{};
  bool is_list = false;
  Type count_type{};
};

struct Element {
  std::string name;
  std::uint64_t count = 0;
  std::vector<Property> properties;

  /// The place of the scalar property, or -1.
  int find(std::string_view wanted) const {
    for (std::size_t i = 0; i < properties.size(); ++i) {
      if (properties[i].name == wanted && !properties[i].is_list) return int(i);
    }
    return -1;
  }
  int find_list() const {
    int lists = 0, last = -1;
    for (std::size_t i = 0; i < properties.size(); ++i) {
      const Property& p = properties[i];
      if (!p.is_list) continue;
      if (p.name == "vertex_indices" || p.name == "vertex_index") return int(i);
      ++lists;
      last = int(i);
    }
    return lists == 1 ? last : -1;  // under another name, but there is no doubt
  }
};

enum class Format { ascii, little, big };

class PlyReader {
 public:
  PlyReader(std::span<const std::uint8_t> bytes, const std::string& name)
      : bytes_(bytes), name_(name), faces_(name, grey) {}

  Mesh read() {
    if (mesh_text(bytes_, name_).size() < bytes_.size()) bytes_ = bytes_.subspan(3);
    read_header();
    for (const Element& element : elements_) {
      // A record has at least a byte, in any format, unless it has no property at all.
      require(element.properties.empty() || element.count <= bytes_.size() - at_,
              "fewer bytes than the header promises");
      if (element.name == "vertex") {
        read_vertices(element);
      } else if (element.name == "face") {
        read_faces(element);
      } else if (element.name == "tristrips") {
        read_strips(element);
      } else {
        skip(element);
      }
    }
    return faces_.take();
  }

 private:
  template <class... Parts>
  void require(bool condition, const Parts&... parts) const {
    check(condition, "[read mesh] ", name_, ": ", parts...);
  }

  // The next line of the header, cut into words.
  std::vector<std::string> header_line() {
    const auto* begin = bytes_.data() + at_;
    const auto* all_end = bytes_.data() + bytes_.size();
    const auto* limit = begin + std::min<std::ptrdiff_t>(all_end - begin, 4096);
    const auto* end =
        std::find_if(begin, limit, [](std::uint8_t c) { return c == '\n' || c == '\r'; });
    require(end != limit, "the header does not end");
    at_ += std::size_t(end - begin) + 1;
    // The first line tells whether CR stands alone: binary data may begin with LF.
    if (*end == '\r' && begin == bytes_.data()) {
      cr_alone_ = at_ == bytes_.size() || bytes_[at_] != '\n';
    }
    if (*end == '\r' && !cr_alone_ && at_ < bytes_.size() && bytes_[at_] == '\n') ++at_;
    std::vector<std::string> words;
    bool in_word = false;
    for (const auto* c = begin; c != end; ++c) {
      const bool blank = *c == ' ' || *c == '\t';
      if (!blank && !in_word) words.emplace_back();
      if (!blank) words.back() += char(*c);
      in_word = !blank;
    }
    return words;
  }

  Type type_named(const std::string& word) const {
    static constexpr std::pair<std::string_view, Type> names[] = {
        {"char", Type::i8},    {"int8", Type::i8},     {"uchar", Type::u8},
        {"uint8", Type::u8},   {"short", Type::i16},   {"int16", Type::i16},
        {"ushort", Type::u16}, {"uint16", Type::u16},  {"int", Type::i32},
        {"int32", Type::i32},  {"uint", Type::u32},    {"uint32", Type::u32},
        {"float", Type::f32},  {"float32", Type::f32}, {"double", Type::f64},
        {"float64", Type::f64}};
    for (const auto& [name, type] : names) {
      if (word == name) return type;
    }
    fail("[read mesh] ", name_, ": unknown type '", word, "' in the header");
  }

  void read_header() {
    require(header_line() == std::vector<std::string>{"ply"}, "no PLY file");
    bool has_format = false;
    for (auto words = header_line(); words != std::vector<std::string>{"end_header"};
         words = header_line()) {
      if (words.empty() || words[0] == "comment" || words[0] == "obj_info") continue;
      if (words[0] == "format" && words.size() >= 2) {
        format_ = format_named(words[1]);
        has_format = true;
      } else if (words[0] == "element" && words.size() == 3) {
        const std::optional<std::int64_t> count = parse_integer(words[2]);
        require(count && *count >= 0, "bad count '", words[2], "'");
        elements_.push_back({words[1], std::uint64_t(*count), {}});
      } else if (words[0] == "property") {  // other lines are as good as comments
        const bool scalar = words.size() == 3;
        const bool list = words.size() == 5 && words[1] == "list";
        require((scalar || list) && !elements_.empty(), "header line 'property ", words.back(),
                "' is not understood");
        Property property{words.back(), type_named(words[words.size() - 2]), list, {}};
        if (list) property.count_type = type_named(words[2]);
        elements_.back().properties.push_back(std::move(property));
      }
    }
    require(has_format, "the header names no format");
  }

  Format format_named(const std::string& word) const {
    if (word == "ascii") return Format::ascii;
    require(word == "binary_little_endian" || word == "binary_big_endian", "unknown format '", word,
            "'");
    return word == "binary_big_endian" ? Format::big : Format::little;
  }

  double next(Type type) { return format_ == Format::ascii ? next_text() : next_binary(type); }

  double next_text() {
    std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_, bytes_.size() - at_);
    const std::string_view word = take_word(rest);
    require(!word.empty(), "fewer data than the header promises");
    const std::optional<double> value = parse_number(word);
    require(value.has_value(), "'", word.substr(0, 20), "' is no number");
    at_ = bytes_.size() - rest.size();
    return *value;
  }

  template <class T>
  static double as(const std::array<std::uint8_t, 8>& raw) {
    T value;
    std::memcpy(&value, raw.data(), sizeof value);
    return double(value);
  }

  double next_binary(Type type) {
    const int size = size_of(type);
    require(bytes_.size() - at_ >= std::size_t(size), "fewer bytes than the header promises");
    std::array<std::uint8_t, 8> raw{};
    std::copy_n(bytes_.data() + at_, size, raw.data());
    at_ += std::size_t(size);
    const bool native = (format_ == Format::little) == (std::endian::native == std::endian::little);
    if (!native) std::reverse(raw.begin(), raw.begin() + size);
    switch (type) {
      case Type::i8:
        return as<std::int8_t>(raw);
      case Type::u8:
        return as<std::uint8_t>(raw);
      case Type::i16:
        return as<std::int16_t>(raw);
      case Type::u16:
        return as<std::uint16_t>(raw);
      case Type::i32:
        return as<std::int32_t>(raw);
      case Type::u32:
        return as<std::uint32_t>(raw);
      case Type::f32:
        return as<float>(raw);
      default:
        return as<double>(raw);
    }
  }

  // One record: the scalars by place; the items of list `wanted` go to list_.
  void read_record(const Element& element, int wanted) {
    scalars_.assign(element.properties.size(), 0);
    list_.clear();
    for (std::size_t i = 0; i < element.properties.size(); ++i) {
      const Property& property = element.properties[i];
      if (!property.is_list) {
        scalars_[i] = next(property.type);
        continue;
      }
      const double count = next(property.count_type);
      require(count >= 0 && count <= double(bytes_.size() - at_), "a list has ", count, " items");
      for (auto left = std::uint64_t(count); left > 0; --left) {
        const double item = next(property.type);
        if (int(i) == wanted) list_.push_back(item);
      }
    }
  }

  void skip(const Element& element) {
    if (element.properties.empty()) return;
    for (std::uint64_t i = 0; i < element.count; ++i) read_record(element, -1);
  }

  // The colour in a record, or nothing where the element has none.
  struct ColorPlaces {
    std::array<int, 3> place;
    bool there() const { return place[0] >= 0 && place[1] >= 0 && place[2] >= 0; }
  };
  static ColorPlaces color_places(const Element& element) {
    ColorPlaces names{{element.find("red"), element.find("green"), element.find("blue")}};
    if (names.there()) return names;
    return {
        {element.find("diffuse_red"), element.find("diffuse_green"), element.find("diffuse_blue")}};
  }
  MeshColor color_of(const Element& element, const ColorPlaces& places) const {
    MeshColor color;
    for (int c = 0; c < 3; ++c) {
      const int place = places.place[c];
      const double value = scalars_[place] / full_scale(element.properties[place].type);
      color[c] = value >= 0 ? float(std::min(value, 1.0)) : 0.0f;
    }
    return color;
  }

  void read_vertices(const Element& element) {
    const std::array<int, 3> place{element.find("x"), element.find("y"), element.find("z")};
    require(*std::min_element(place.begin(), place.end()) >= 0, "vertices without x, y and z");
    const ColorPlaces colors = color_places(element);
    for (std::uint64_t i = 0; i < element.count; ++i) {
      read_record(element, -1);
      const Vec3 vertex{scalars_[place[0]], scalars_[place[1]], scalars_[place[2]]};
      if (colors.there()) {
        faces_.add_vertex(vertex, color_of(element, colors));
      } else {
        faces_.add_vertex(vertex);
      }
    }
  }

  void read_faces(const Element& element) {
    const int list = element.find_list();
    require(list >= 0, "faces without vertex_indices");
    const ColorPlaces colors = color_places(element);
    for (std::uint64_t i = 0; i < element.count; ++i) {
      read_record(element, list);
      corners_.clear();
      for (const double index : list_) corners_.push_back(checked_index(i, index));
      if (colors.there()) {
        faces_.add_face(corners_, color_of(element, colors));
      } else {
        faces_.add_face(corners_);
      }
    }
  }

  std::uint32_t checked_index(std::uint64_t record, double index) const {
    require(index >= 0 && index < double(faces_.vertex_count()), "face ", record, " uses vertex ",
            index, " of ", faces_.vertex_count());
    return std::uint32_t(index);
  }

  // Each corner from the third on makes a triangle with the two before it, wound in turns.
  void read_strips(const Element& element) {
    const int list = element.find_list();
    require(list >= 0, "strips without vertex_indices");
    for (std::uint64_t i = 0; i < element.count; ++i) {
      read_record(element, list);
      corners_.clear();
      for (const double index : list_) {
        if (index < 0) {
          corners_.clear();
          continue;
        }
        corners_.push_back(checked_index(i, index));
        const std::size_t n = corners_.size();
        if (n < 3) continue;
        std::array<std::uint32_t, 3> triangle{corners_[n - 3], corners_[n - 2], corners_[n - 1]};
        if (n % 2 == 0) std::swap(triangle[0], triangle[1]);
        faces_.add_face(triangle);
      }
    }
  }

  std::span<const std::uint8_t> bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
  Format format_ = Format::ascii;
  std::vector<Element> elements_;
  bool cr_alone_ = false;
  std::vector<double> scalars_, list_;
  std::vector<std::uint32_t> corners_;
  FaceBuilder faces_;
};

}  // namespace

Mesh decode_ply(std::span<const std::uint8_t> bytes, const std::string& name) {
  return PlyReader(bytes, name).read();
}

}  // namespace voxgrad
