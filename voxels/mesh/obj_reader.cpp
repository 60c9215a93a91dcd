#include "voxels/mesh/obj_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "tensor/error.h"
#include "voxels/mesh/face_builder.h"
#include "voxels/mesh/mesh_text.h"
#include "voxels/mesh/obj_materials.h"

namespace voxgrad {
namespace {

class ObjReader {
 public:
  ObjReader(std::string_view text, const SideFile& side_file, const std::string& name)
      : text_(text), name_(name), materials_(side_file), faces_(name, ObjMaterials::plain) {}

  Mesh read() {
    while (!text_.empty()) {
      std::string_view line = next_line();
      const std::string_view key = take_word(line);
      if (key == "v") {
        read_vertex(line);
      } else if (key == "vt") {
        read_texture_point(line);
      } else if (key == "f" || key == "fo") {
        read_face(line);
      } else if (key == "usemtl") {
        materials_.use(line);
      } else if (key == "mtllib") {
        materials_.read_libraries(line);
      }
    }
    Mesh mesh = faces_.take();
    mesh.notes = materials_.take_notes();
    return mesh;
  }

 private:
  template <class... Parts>
  void require(bool condition, const Parts&... parts) const {
    check(condition, "[read mesh] ", name_, ", line ", line_number_, ": ", parts...);
  }

  // A backslash at the end of a line joins the next one.
  std::string_view next_line() {
    std::string_view line = take_line(text_);
    ++line_number_;
    if (!line.ends_with('\\')) return line;
    joined_.clear();
    while (line.ends_with('\\') && !text_.empty()) {
      joined_.append(line.substr(0, line.size() - 1)).append(" ");
      line = take_line(text_);
      ++line_number_;
    }
    joined_.append(line);
    return joined_;
  }

  // x y z, x y z w, x y z r g b or x y z w r g b. The weight w is for curves only.
  void read_vertex(std::string_view line) {
    std::array<double, 7> values{};
    std::size_t count = 0;
    for (std::string_view word = take_word(line);
         !word.empty() && word[0] != '#' && count < values.size(); word = take_word(line)) {
      const std::optional<double> value = parse_number(word);
      if (!value && count >= 3) break;
      require(value.has_value(), "'", word.substr(0, 20), "' is no number");
      values[count++] = *value;
    }
    require(count >= 3, "a vertex needs three coordinates");
    const Vec3 place{values[0], values[1], values[2]};
    if (count < 6) return faces_.add_vertex(place);
    MeshColor color;
    for (std::size_t c = 0; c < 3; ++c) color[c] = float(values[count - 3 + c]);
    const float most = *std::max_element(color.begin(), color.end());
    for (float& c : color) {
      if (most > 1) c /= 255;  // some programs write bytes
      c = c >= 0 ? std::min(c, 1.0f) : 0.0f;
    }
    has_vertex_colors_.resize(faces_.vertex_count(), 0);
    has_vertex_colors_.push_back(1);
    faces_.add_vertex(place, color);
  }

  // u alone, u v, or u v w. One that is not understood is a place like any other.
  void read_texture_point(std::string_view line) {
    TexturePoint point{};
    for (double& x : point) {
      const double value = parse_number(take_word(line)).value_or(0);
      x = std::isfinite(value) ? value : 0;
    }
    texture_points_.push_back(point);
  }

  // Indices count from 1, negative ones back from the last. 0: none.
  static std::size_t absolute(std::int64_t index, std::size_t count) {
    if (index > 0 && std::uint64_t(index) <= count) return std::size_t(index);
    if (index < 0 && index >= -std::int64_t(count)) return count - std::size_t(-(index + 1));
    return 0;
  }

  // Corners are v, v/vt, v//vn or v/vt/vn. Only the vertex must exist.
  void read_face(std::string_view line) {
    corners_.clear();
    face_points_.clear();
    bool textured = true;
    for (std::string_view word = take_word(line); !word.empty() && word[0] != '#';
         word = take_word(line)) {
      const std::size_t slash = std::min(word.find('/'), word.size());
      const std::optional<std::int64_t> index = parse_integer(word.substr(0, slash));
      require(index.has_value(), "'", word.substr(0, 20), "' is no corner of a face");
      const std::size_t vertex = absolute(*index, faces_.vertex_count());
      require(vertex > 0, "a face uses vertex ", *index, " of ", faces_.vertex_count());
      corners_.push_back(std::uint32_t(vertex - 1));
      word.remove_prefix(std::min(slash + 1, word.size()));
      const auto point = parse_integer(word.substr(0, word.find('/')));
      const std::size_t place = point ? absolute(*point, texture_points_.size()) : 0;
      textured = textured && place > 0;
      if (textured) face_points_.push_back(texture_points_[place - 1]);
    }
    if (!textured) face_points_.clear();
    const bool vertex_colors =
        std::any_of(corners_.begin(), corners_.end(), [&](std::uint32_t vertex) {
          return vertex < has_vertex_colors_.size() && has_vertex_colors_[vertex];
        });
    if (vertex_colors) {
      faces_.add_face(corners_);
    } else {
      faces_.add_face(corners_, materials_.color(face_points_));
    }
  }

  std::string_view text_;
  const std::string& name_;
  int line_number_ = 0;
  std::string joined_;
  ObjMaterials materials_;
  FaceBuilder faces_;
  std::vector<std::uint8_t> has_vertex_colors_;
  std::vector<TexturePoint> texture_points_, face_points_;
  std::vector<std::uint32_t> corners_;
};

}  // namespace

Mesh decode_obj(std::span<const std::uint8_t> bytes, const SideFile& side_file,
                const std::string& name) {
  return ObjReader(mesh_text(bytes, name), side_file, name).read();
}

}  // namespace voxgrad
