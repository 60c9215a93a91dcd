#include "voxels/mesh/stl_reader.h"

#include <array>
#include <bit>
#include <optional>
#include <string_view>
#include <vector>

#include "tensor/error.h"
#include "voxels/mesh/face_builder.h"
#include "voxels/mesh/mesh_reader.h"
#include "voxels/mesh/mesh_text.h"

namespace voxgrad {
namespace {

constexpr MeshColor grey{0.6f, 0.6f, 0.6f};
constexpr std::size_t header_bytes = 80, count_bytes = 4, facet_bytes = 50;

std::uint32_t little_endian(std::span<const std::uint8_t> bytes, std::size_t at, int size) {
  std::uint32_t value = 0;
  for (int i = size; i-- > 0;) value = value << 8 | bytes[at + std::size_t(i)];
  return value;
}

class BinaryStl {
 public:
  BinaryStl(std::span<const std::uint8_t> bytes, const std::string& name)
      : bytes_(bytes), faces_(name, plain_color()) {}

  Mesh read(std::size_t facets) {
    for (std::size_t i = 0; i < facets; ++i)
      read_facet(header_bytes + count_bytes + i * facet_bytes);
    return faces_.take();
  }

 private:
  // Magics: four bytes after "COLOR=" in the header.
  MeshColor plain_color() {
    const std::string_view header(reinterpret_cast<const char*>(bytes_.data()), header_bytes);
    const std::size_t key = header.find("COLOR=");
    magics_ = key != std::string_view::npos && key + 10 <= header_bytes;
    if (!magics_) return grey;
    MeshColor color;
    for (std::size_t c = 0; c < 3; ++c) color[c] = float(bytes_[key + 6 + c]) / 255;
    return color;
  }

  // Five bits per channel. Magics has red lowest and clears the top bit where a facet has a colour
  // of its own, VisCAM has blue lowest and sets it.
  std::optional<MeshColor> facet_color(std::uint32_t attribute) const {
    if (((attribute & 0x8000u) == 0) != magics_) return std::nullopt;
    const auto channel = [&](int shift) { return float(attribute >> shift & 31) / 31; };
    if (magics_) return MeshColor{channel(0), channel(5), channel(10)};
    return MeshColor{channel(10), channel(5), channel(0)};
  }

  void read_facet(std::size_t at) {
    std::array<std::uint32_t, 3> corners;
    at += 12;  // the normal
    for (std::uint32_t& corner : corners) {
      Vec3 place;
      for (double& x : place) {
        x = std::bit_cast<float>(little_endian(bytes_, at, 4));
        at += 4;
      }
      corner = std::uint32_t(faces_.vertex_count());
      faces_.add_vertex(place);
    }
    faces_.add_face(corners, facet_color(little_endian(bytes_, at, 2)));
  }

  std::span<const std::uint8_t> bytes_;
  bool magics_ = false;
  FaceBuilder faces_;
};

class TextStl {
 public:
  TextStl(std::string_view text, const std::string& name)
      : all_(text), text_(text), name_(name), faces_(name, grey) {}

  // Only loops and vertices matter. A solid's name may be any words up to the first facet.
  Mesh read() {
    for (std::string word = next(); !word.empty(); word = next()) {
      if (word == "solid") {
        skip_name();
      } else if (word == "vertex") {
        read_vertex();
      } else if (word == "endloop" || word == "endfacet") {
        finish_loop();
      }
    }
    require(corners_.empty(), "cut off inside a facet");
    return faces_.take();
  }

 private:
  template <class... Parts>
  void require(bool condition, const Parts&... parts) const {
    check(condition, "[read mesh] ", name_, ", byte ", all_.size() - text_.size(), ": ", parts...);
  }

  std::string next() { return lower_case(take_word(text_).substr(0, 10)); }

  void skip_name() {
    std::string_view before = text_;
    for (std::string word = next(); !word.empty(); word = next()) {
      if (word == "endsolid") break;
      if (word == "facet") {
        std::string_view ahead = text_;
        if (lower_case(take_word(ahead).substr(0, 7)) == "normal") break;
      }
      before = text_;
    }
    text_ = before;
  }

  void read_vertex() {
    Vec3 place;
    for (double& x : place) {
      const std::string_view word = take_word(text_);
      const std::optional<double> value = parse_number(word);
      require(value.has_value(), "'", word.substr(0, 20), "' is no number");
      x = *value;
    }
    corners_.push_back(std::uint32_t(faces_.vertex_count()));
    faces_.add_vertex(place);
  }

  void finish_loop() {
    faces_.add_face(corners_);
    corners_.clear();
  }

  std::string_view all_, text_;
  const std::string& name_;
  FaceBuilder faces_;
  std::vector<std::uint32_t> corners_;
};

bool is_text(std::string_view text) {
  const std::string_view start = trimmed(text.substr(0, 4096));
  if (lower_case(start.substr(0, 5)) != "solid") return false;
  return start.find('\0') == std::string_view::npos;
}

}  // namespace

Mesh decode_stl(std::span<const std::uint8_t> bytes, const std::string& name) {
  constexpr std::size_t begin = header_bytes + count_bytes;
  const std::size_t room = bytes.size() < begin ? 0 : (bytes.size() - begin) / facet_bytes;
  std::size_t facets = bytes.size() < begin ? 0 : little_endian(bytes, header_bytes, 4);
  const bool exact = facets > 0 && bytes.size() == begin + facets * facet_bytes;
  if (!exact) {
    const std::string_view text = mesh_text(bytes, name);
    if (is_text(text)) return TextStl(text, name).read();
  }
  check(bytes.size() >= begin, "[read mesh] ", name,
        ": neither text nor binary STL: ", bytes.size(), " bytes, without 'solid' at the front");
  if (facets == 0) facets = room;
  check(facets <= room, "[read mesh] ", name, ": cut off: the header promises ", facets,
        " facets, and ", room, " follow");
  check(facets <= max_mesh_triangles, "[read mesh] ", name, ": more than ", max_mesh_triangles,
        " triangles");
  return BinaryStl(bytes, name).read(facets);
}

}  // namespace voxgrad
