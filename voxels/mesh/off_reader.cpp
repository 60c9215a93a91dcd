#include "voxels/mesh/off_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "tensor/error.h"
#include "voxels/mesh/face_builder.h"
#include "voxels/mesh/mesh_text.h"
#include "voxels/mesh/off_header.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

constexpr MeshColor grey{0.7f, 0.7f, 0.7f};

struct Number {
  double value;
  bool whole;  // written without a decimal point
};

// Faces: whole numbers count up to 255. Vertices have fractions, but some programs write bytes.
MeshColor color_of(const std::vector<Number>& numbers, std::size_t from, bool whole_are_bytes) {
  bool bytes = whole_are_bytes, small = true;
  for (std::size_t c = 0; c < 3; ++c) {
    bytes = bytes && numbers[from + c].whole;
    small = small && numbers[from + c].value <= 1;
  }
  MeshColor color;
  for (std::size_t c = 0; c < 3; ++c) {
    const double value = numbers[from + c].value / (bytes || !small ? 255 : 1);
    color[c] = value >= 0 ? float(std::min(value, 1.0)) : 0.0f;
  }
  return color;
}

// How the numbers are grouped into records.
enum class Records { one_per_line, stream };

class OffReader {
 public:
  OffReader(std::string_view text, const std::string& name, Records records)
      : text_(text), name_(name), records_(records), faces_(name, grey) {}

  Mesh read() {
    require(next_line(), "no data");
    header_ = take_off_header(line_);
    line_ = trimmed(line_);
    require(!lower_case(line_).starts_with("binary"), "binary data are cut off");
    if (header_.dimensions) {
      require(next().value == 3, "only three dimensions are read");
    }
    const std::uint64_t n_vertices = count(next()), n_faces = count(next());
    if (records_ == Records::stream) next();  // edges; nobody writes more than 0 of use
    end_record();
    for (std::uint64_t i = 0; i < n_vertices; ++i) read_vertex();
    for (std::uint64_t i = 0; i < n_faces; ++i) read_face();
    return faces_.take();
  }

 private:
  template <class... Parts>
  void require(bool condition, const Parts&... parts) const {
    check(condition, "[read mesh] ", name_, ", line ", line_number_, ": ", parts...);
  }

  // Goes to the next line with something on it.
  bool next_line() {
    line_ = {};
    while (line_.empty() && !text_.empty()) {
      line_ = take_line(text_);
      line_ = trimmed(line_.substr(0, line_.find('#')));
      ++line_number_;
    }
    return !line_.empty();
  }

  bool line_has_more() { return !(line_ = trimmed(line_)).empty(); }

  Number next() {
    if (!line_has_more()) {
      require(records_ == Records::stream || !in_record_,
              "fewer numbers on the line than a vertex or a face of so many corners needs");
      require(next_line(), "fewer data than the header promises");
    }
    in_record_ = true;
    const std::string_view word = take_word(line_);
    const std::optional<double> value = parse_number(word);
    require(value.has_value(), "'", word.substr(0, 20), "' is no number");
    return {*value, word.find_first_of(".eE") == std::string_view::npos};
  }

  // The numbers left on the line.
  const std::vector<Number>& rest_of_line() {
    rest_.clear();
    while (line_has_more()) rest_.push_back(next());
    return rest_;
  }

  void end_record() {
    if (records_ == Records::one_per_line) line_ = {};
    in_record_ = false;
  }

  std::uint64_t count(const Number& number) const {
    // A record takes two bytes at least.
    const double most = double(text_.size() + line_.size());
    require(number.value >= 0 && number.value <= most &&
                number.value == double(std::uint64_t(number.value)),
            "a count of ", number.value, " in a file with ", most, " bytes left");
    return std::uint64_t(number.value);
  }

  void read_vertex() {
    Vec3 place;
    for (double& x : place) x = next().value;
    if (header_.homogeneous) {
      const double w = next().value;
      for (double& x : place) x /= w;
    }
    if (records_ == Records::stream) {
      const int others = (header_.normal ? 3 : 0) + (header_.color ? 4 : 0);
      rest_.clear();
      for (int i = 0; i < others; ++i) rest_.push_back(next());
      if (header_.texture) next(), next();
    } else {
      rest_of_line();
    }
    const std::size_t from = header_.normal ? 3 : 0;
    if (header_.color && rest_.size() >= from + 3) {
      faces_.add_vertex(place, color_of(rest_, from, false));
    } else {
      faces_.add_vertex(place);
    }
    end_record();
  }

  void read_face() {
    const Number corners = next();
    const double left = double(text_.size() + line_.size());
    require(corners.value >= 0 && corners.value <= left, "a face of ", corners.value, " corners");
    corners_.clear();
    for (auto n = std::uint64_t(corners.value); n > 0; --n) {
      const double vertex = next().value;
      require(vertex >= 0 && vertex < double(faces_.vertex_count()), "a face uses vertex ", vertex,
              " of ", faces_.vertex_count());
      corners_.push_back(std::uint32_t(vertex));
    }
    faces_.add_face(corners_, face_color());
    end_record();
  }

  // What follows on the line: nothing, the number of a colour map's entry (not read), or a colour.
  // More is the next face of a stream.
  std::optional<MeshColor> face_color() {
    const std::string_view before = line_;
    if (rest_of_line().size() > 4 && records_ == Records::stream) {
      line_ = before;
      return std::nullopt;
    }
    if (rest_.size() < 3) return std::nullopt;
    return color_of(rest_, 0, true);
  }

  std::string_view text_, line_;
  const std::string& name_;
  Records records_;
  OffHeader header_;
  FaceBuilder faces_;
  int line_number_ = 0;
  bool in_record_ = false;
  std::vector<Number> rest_;
  std::vector<std::uint32_t> corners_;
};

// "OFF BINARY": big-endian 32-bit integers and floats after the keyword's line.
class BinaryOffReader {
 public:
  BinaryOffReader(std::string_view bytes, const OffHeader& header, const std::string& name)
      : bytes_(bytes), header_(header), name_(name), faces_(name, grey) {}

  Mesh read() {
    if (header_.dimensions) require(integer() == 3, "only three dimensions are read");
    const std::uint32_t n_vertices = integer(), n_faces = integer();
    integer();  // edges
    require(n_vertices <= bytes_.size() / 12 && n_faces <= bytes_.size() / 8,
            "fewer bytes than the header promises");
    for (std::uint32_t i = 0; i < n_vertices; ++i) read_vertex();
    for (std::uint32_t i = 0; i < n_faces; ++i) read_face();
    return faces_.take();
  }

 private:
  void require(bool condition, const char* what) const {
    check(condition, "[read mesh] ", name_, ": binary OFF: ", what);
  }

  std::uint32_t integer() {
    require(bytes_.size() >= 4, "fewer bytes than the header promises");
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | std::uint8_t(bytes_[i]);
    bytes_.remove_prefix(4);
    return value;
  }
  float real() { return std::bit_cast<float>(integer()); }
  MeshColor color() {
    MeshColor result;
    for (float& c : result) {
      const float value = real();
      c = value >= 0 ? std::min(value, 1.0f) : 0.0f;
    }
    return result;
  }

  void read_vertex() {
    Vec3 place;
    for (double& x : place) x = real();
    if (header_.homogeneous) {
      const double w = real();
      for (double& x : place) x /= w;
    }
    for (int i = 0; header_.normal && i < 3; ++i) real();
    if (header_.color) {
      faces_.add_vertex(place, color());
      real();  // alpha
    } else {
      faces_.add_vertex(place);
    }
    for (int i = 0; header_.texture && i < 2; ++i) real();
  }

  void read_face() {
    const std::uint32_t n = integer();
    require(n <= bytes_.size() / 4, "fewer bytes than a face needs");
    corners_.clear();
    for (std::uint32_t i = 0; i < n; ++i) {
      corners_.push_back(integer());
      require(corners_.back() < faces_.vertex_count(), "a face uses a vertex that does not exist");
    }
    const std::uint32_t components = integer();
    require(components <= 4, "a colour of more than four numbers");
    std::optional<MeshColor> own;
    if (components >= 3) own = color();
    for (std::uint32_t i = own ? 3 : 0; i < components; ++i) integer();
    faces_.add_face(corners_, own);
  }

  std::string_view bytes_;
  OffHeader header_;
  const std::string& name_;
  FaceBuilder faces_;
  std::vector<std::uint32_t> corners_;
};

}  // namespace

Mesh decode_off(std::span<const std::uint8_t> bytes, const std::string& name) {
  const std::string_view text = mesh_text(bytes, name);
  std::string_view rest = text;
  std::string_view first = take_line(rest);
  const OffHeader header = take_off_header(first);
  if (lower_case(trimmed(first)) == "binary") return BinaryOffReader(rest, header, name).read();
  std::string problem;
  try {
    return OffReader(text, name, Records::one_per_line).read();
  } catch (const Error& error) {
    problem = error.what();
  }
  try {
    return OffReader(text, name, Records::stream).read();
  } catch (const Error&) {
    throw Error(problem);
  }
}

}  // namespace voxgrad
