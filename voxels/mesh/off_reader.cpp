#include "voxels/mesh/off_reader.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tensor/error.h"
#include "voxels/mesh/mesh_reader.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

constexpr Vec3f grey{0.7f, 0.7f, 0.7f};

std::string_view trimmed(std::string_view text) {
  text = text.substr(0, text.find('#'));
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

class OffReader {
 public:
  OffReader(std::span<const std::uint8_t> bytes, const std::string& name)
      : text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), name_(name) {}

  Mesh read() {
    read_header();
    const std::vector<double> counts = numbers();
    require(counts.size() >= 2, "expected the numbers of vertices and faces");
    const auto n_vertices = std::uint64_t(count(counts[0])),
               n_faces = std::uint64_t(count(counts[1]));
    for (std::uint64_t i = 0; i < n_vertices; ++i) read_vertex();
    for (std::uint64_t i = 0; i < n_faces; ++i) read_face();
    require(!mesh_.triangles.empty(), "no face");
    return std::move(mesh_);
  }

 private:
  template <class... Parts>
  void require(bool condition, const Parts&... parts) const {
    check(condition, "[read mesh] ", name_, ", line ", line_number_, ": ", parts...);
  }

  // The next line with something on it.
  std::string_view line() {
    std::string_view found;
    while (found.empty()) {
      require(!text_.empty(), "fewer data than the header promises");
      const std::size_t end = std::min(text_.find('\n'), text_.size());
      found = trimmed(text_.substr(0, end));
      text_.remove_prefix(std::min(end + 1, text_.size()));
      ++line_number_;
    }
    return found;
  }

  void read_header() {
    std::string_view first = line();
    if (first.starts_with("C")) {
      has_colors_ = true;
      first.remove_prefix(1);
    }
    require(first.starts_with("OFF"), "no OFF file (only OFF and COFF are read)");
    first.remove_prefix(3);
    rest_ = trimmed(first);
    require(rest_ != "BINARY", "binary OFF is not read");
  }

  std::vector<double> numbers() {
    std::string_view text = rest_.empty() ? line() : std::exchange(rest_, {});
    last_line_ = text;
    std::vector<double> values;
    while (!text.empty()) {
      double value = 0;
      const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
      require(result.ec == std::errc(), "'", text.substr(0, 20), "' is no number");
      values.push_back(value);
      const std::string_view after = text.substr(std::size_t(result.ptr - text.data()));
      text = trimmed(after);
      require(text.empty() || text.size() < after.size(), "'", text.substr(0, 20),
              "' is no number");
    }
    return values;
  }

  double count(double value) const {
    // Each record takes a line, so that the file cannot hold more of them than bytes.
    require(value >= 0 && value <= double(text_.size()) && value == double(std::uint64_t(value)),
            "a count of ", value, " in a file with ", text_.size(), " bytes left");
    return value;
  }

  // Three or four numbers behind the others of a record.
  std::optional<Vec3f> color(const std::vector<double>& values, std::size_t from) const {
    if (values.size() < from + 3) return std::nullopt;
    const double full = last_line_.find('.') == std::string_view::npos ? 255 : 1;
    Vec3f result;
    for (std::size_t c = 0; c < 3; ++c) {
      const double value = values[from + c] / full;
      result[c] = value >= 0 ? float(std::min(value, 1.0)) : 0.0f;
    }
    return result;
  }

  void read_vertex() {
    const std::vector<double> values = numbers();
    require(values.size() >= 3, "a vertex needs three coordinates");
    mesh_.vertices.push_back({values[0], values[1], values[2]});
    if (has_colors_) vertex_colors_.push_back(vertex_color(values));
  }

  // A vertex's line has decimal points in its coordinates already: the size decides.
  static Vec3f vertex_color(const std::vector<double>& values) {
    if (values.size() < 6) return grey;
    const bool bytes = *std::max_element(values.begin() + 3, values.begin() + 6) > 1;
    Vec3f result;
    for (int c = 0; c < 3; ++c) {
      result[c] = std::clamp(float(values[3 + c] / (bytes ? 255 : 1)), 0.0f, 1.0f);
    }
    return result;
  }

  void read_face() {
    const std::vector<double> values = numbers();
    require(values[0] >= 0 && values[0] < double(values.size()), "a face of ", values[0],
            " corners, with ", values.size() - 1, " numbers behind it");
    const auto corners = std::size_t(values[0]);
    for (std::size_t i = 1; i <= corners; ++i) {
      require(values[i] >= 0 && values[i] < double(mesh_.vertices.size()), "a face uses vertex ",
              values[i], " of ", mesh_.vertices.size());
    }
    const std::optional<Vec3f> own = color(values, corners + 1);
    for (std::size_t i = 3; i <= corners; ++i) {
      const std::array<std::uint32_t, 3> triangle{
          std::uint32_t(values[1]), std::uint32_t(values[i - 1]), std::uint32_t(values[i])};
      require(mesh_.triangles.size() < max_mesh_triangles, "more than ", max_mesh_triangles,
              " triangles");
      mesh_.triangles.push_back(triangle);
      mesh_.colors.push_back(own ? *own : mean_color(triangle));
    }
  }

  Vec3f mean_color(const std::array<std::uint32_t, 3>& triangle) const {
    if (!has_colors_) return grey;
    const Vec3f sum =
        vertex_colors_[triangle[0]] + vertex_colors_[triangle[1]] + vertex_colors_[triangle[2]];
    return 1 / 3.0f * sum;
  }

  std::string_view text_, rest_, last_line_;
  const std::string& name_;
  int line_number_ = 0;
  bool has_colors_ = false;
  std::vector<Vec3f> vertex_colors_;
  Mesh mesh_;
};

}  // namespace

Mesh decode_off(std::span<const std::uint8_t> bytes, const std::string& name) {
  return OffReader(bytes, name).read();
}

}  // namespace voxgrad
