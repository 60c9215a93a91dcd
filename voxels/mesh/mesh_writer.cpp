#include "voxels/mesh/mesh_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>

#include "io/file.h"
#include "tensor/error.h"
#include "voxels/image/srgb.h"

namespace voxgrad {
namespace {

static_assert(std::endian::native == std::endian::little);
using Bytes = std::vector<std::uint8_t>;

void check_mesh(const Mesh& mesh) {
  check(mesh.colors.empty() || mesh.colors.size() == mesh.triangles.size(), "[write_mesh] ",
        mesh.colors.size(), " colours for ", mesh.triangles.size(), " triangles");
  check(mesh.vertex_colors.empty() || mesh.vertex_colors.size() == mesh.vertices.size(),
        "[write_mesh] ", mesh.vertex_colors.size(), " colours for ", mesh.vertices.size(),
        " vertices");
  for (const Vec3& vertex : mesh.vertices) {
    for (const double value : vertex) {
      check(std::isfinite(value), "[write_mesh] a vertex has a coordinate that is not finite");
    }
  }
  for (const auto& triangle : mesh.triangles) {
    for (const std::uint32_t corner : triangle) {
      check(corner < mesh.vertices.size(), "[write_mesh] a triangle uses vertex ", corner,
            ", but there are only ", mesh.vertices.size());
    }
  }
}

template <class T>
void append(Bytes& bytes, const T& value) {
  const auto raw = std::bit_cast<std::array<std::uint8_t, sizeof(T)>>(value);
  std::copy(raw.begin(), raw.end(), std::back_inserter(bytes));
}

void append_vertex(Bytes& bytes, const Vec3& vertex) {
  for (const double value : vertex) append(bytes, float(value));
}

void append_color(Bytes& bytes, const std::array<float, 3>& color) {
  for (const float value : color)
    append(bytes, std::uint8_t(std::lround(255 * std::clamp(value, 0.0f, 1.0f))));
}

Vec3 unit_normal(const Vec3& a, const Vec3& b, const Vec3& c) {
  Vec3 normal;
  for (int i = 0; i < 3; ++i) {
    const int j = (i + 1) % 3, k = (i + 2) % 3;
    normal[i] = (b[j] - a[j]) * (c[k] - a[k]) - (b[k] - a[k]) * (c[j] - a[j]);
  }
  const double length = std::hypot(normal[0], normal[1], normal[2]);
  if (length > 0) {
    for (double& value : normal) value /= length;
  }
  return normal;
}

void pad(Bytes& bytes, std::uint8_t filler) {
  bytes.resize((bytes.size() + 3) / 4 * 4, filler);
}

/// The scene description of a GLB whose binary part holds positions, then indices.
std::string glb_json(const Mesh& mesh) {
  constexpr const char* asset = R"("asset":{"version":"2.0","generator":"Voxgrad"})";
  if (mesh.triangles.empty()) return fmt::format("{{{}}}", asset);
  constexpr float inf = std::numeric_limits<float>::infinity();
  std::array<float, 3> low{inf, inf, inf}, high{-inf, -inf, -inf};
  for (const Vec3& vertex : mesh.vertices) {
    for (int axis = 0; axis < 3; ++axis) {
      low[axis] = std::min(low[axis], float(vertex[axis]));
      high[axis] = std::max(high[axis], float(vertex[axis]));
    }
  }
  const bool colored = !mesh.vertex_colors.empty();
  const std::size_t positions = 12 * mesh.vertices.size(), indices = 12 * mesh.triangles.size(),
                    colors = colored ? positions : 0;
  const std::string color_accessor =
      colored ? fmt::format(R"(,{{"bufferView":2,"componentType":5126,"count":{},"type":"VEC3"}})",
                            mesh.vertices.size())
              : "";
  const std::string color_view =
      colored ? fmt::format(R"(,{{"buffer":0,"byteOffset":{},"byteLength":{},"target":34962}})",
                            positions + indices, colors)
              : "";
  return fmt::format(
      R"({{{},"scene":0,"scenes":[{{"nodes":[0]}}],"nodes":[{{"mesh":0}}],)"
      R"("materials":[{{"pbrMetallicRoughness":{{"metallicFactor":0,"roughnessFactor":0.8}}}}],)"
      R"("meshes":[{{"primitives":[{{"attributes":{{"POSITION":0{}}},"indices":1,"material":0}}]}}],)"
      R"("accessors":[{{"bufferView":0,"componentType":5126,"count":{},"type":"VEC3",)"
      R"("min":[{},{},{}],"max":[{},{},{}]}},)"
      R"({{"bufferView":1,"componentType":5125,"count":{},"type":"SCALAR"}}{}],)"
      R"("bufferViews":[{{"buffer":0,"byteOffset":0,"byteLength":{},"target":34962}},)"
      R"({{"buffer":0,"byteOffset":{},"byteLength":{},"target":34963}}{}],)"
      R"("buffers":[{{"byteLength":{}}}]}})",
      asset, colored ? R"(,"COLOR_0":2)" : "", mesh.vertices.size(), low[0], low[1], low[2],
      high[0], high[1], high[2], 3 * mesh.triangles.size(), color_accessor, positions, positions,
      indices, color_view, positions + indices + colors);
}

}  // namespace

Bytes encode_obj(const Mesh& mesh) {
  check_mesh(mesh);
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "# Voxgrad: {} vertices, {} triangles\n", mesh.vertices.size(),
                 mesh.triangles.size());
  for (std::size_t i = 0; i < mesh.vertices.size(); ++i) {
    const Vec3& v = mesh.vertices[i];
    fmt::format_to(out, "v {} {} {}", v[0], v[1], v[2]);
    if (!mesh.vertex_colors.empty()) {
      const auto& color = mesh.vertex_colors[i];
      fmt::format_to(out, " {:.4g} {:.4g} {:.4g}", color[0], color[1], color[2]);
    }
    text.push_back('\n');
  }
  for (const auto& t : mesh.triangles) {
    fmt::format_to(out, "f {} {} {}\n", t[0] + 1, t[1] + 1, t[2] + 1);
  }
  return {text.begin(), text.end()};
}

Bytes encode_ply(const Mesh& mesh) {
  check_mesh(mesh);
  const bool colored = !mesh.colors.empty(), colored_vertices = !mesh.vertex_colors.empty();
  constexpr const char* rgb = "property uchar red\nproperty uchar green\nproperty uchar blue\n";
  const std::string header = fmt::format(
      "ply\nformat binary_little_endian 1.0\ncomment Voxgrad\n"
      "element vertex {}\nproperty float x\nproperty float y\nproperty float z\n{}"
      "element face {}\nproperty list uchar int vertex_indices\n{}end_header\n",
      mesh.vertices.size(), colored_vertices ? rgb : "", mesh.triangles.size(), colored ? rgb : "");
  Bytes bytes(header.begin(), header.end());
  for (std::size_t i = 0; i < mesh.vertices.size(); ++i) {
    append_vertex(bytes, mesh.vertices[i]);
    if (colored_vertices) append_color(bytes, mesh.vertex_colors[i]);
  }
  for (std::size_t i = 0; i < mesh.triangles.size(); ++i) {
    append(bytes, std::uint8_t(3));
    for (const std::uint32_t corner : mesh.triangles[i]) append(bytes, corner);
    if (colored) append_color(bytes, mesh.colors[i]);
  }
  return bytes;
}

Bytes encode_stl(const Mesh& mesh) {
  check_mesh(mesh);
  Bytes bytes(80, ' ');
  constexpr std::string_view title = "Voxgrad";
  std::copy(title.begin(), title.end(), bytes.begin());
  append(bytes, std::uint32_t(mesh.triangles.size()));
  for (const auto& t : mesh.triangles) {
    const Vec3 &a = mesh.vertices[t[0]], &b = mesh.vertices[t[1]], &c = mesh.vertices[t[2]];
    for (const Vec3& vector : {unit_normal(a, b, c), a, b, c}) append_vertex(bytes, vector);
    append(bytes, std::uint16_t(0));
  }
  return bytes;
}

Bytes encode_glb(const Mesh& mesh) {
  check_mesh(mesh);
  constexpr std::uint32_t json_type = 0x4e4f534a, binary_type = 0x004e4942;
  const std::string text = glb_json(mesh);
  Bytes json(text.begin(), text.end());
  pad(json, ' ');
  Bytes binary;
  if (!mesh.triangles.empty()) {
    for (const Vec3& vertex : mesh.vertices) append_vertex(binary, vertex);
    for (const auto& triangle : mesh.triangles) append(binary, triangle);
    for (const auto& color : mesh.vertex_colors)  // glTF's are linear
      for (const float value : color) append(binary, float(linear_from_srgb(value)));
  }

  Bytes bytes{'g', 'l', 'T', 'F', 2, 0, 0, 0};
  const std::size_t binary_chunk = binary.empty() ? 0 : 8 + binary.size();
  append(bytes, std::uint32_t(12 + 8 + json.size() + binary_chunk));
  append(bytes, std::uint32_t(json.size()));
  append(bytes, json_type);
  bytes.insert(bytes.end(), json.begin(), json.end());
  if (!binary.empty()) {
    append(bytes, std::uint32_t(binary.size()));
    append(bytes, binary_type);
    bytes.insert(bytes.end(), binary.begin(), binary.end());
  }
  return bytes;
}

void write_mesh(const Mesh& mesh, const std::filesystem::path& file) {
  std::string suffix = file.extension().string();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  const auto encode = suffix == ".obj"   ? encode_obj
                      : suffix == ".ply" ? encode_ply
                      : suffix == ".stl" ? encode_stl
                      : suffix == ".glb" ? encode_glb
                                         : nullptr;
  check<ConfigError>(encode != nullptr, file.string(), ": cannot write a mesh as '", suffix,
                     "': use .obj, .ply, .stl or .glb");
  write_file_atomically(file, encode(mesh));
}

}  // namespace voxgrad
