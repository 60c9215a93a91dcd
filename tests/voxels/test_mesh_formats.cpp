// The same solid, a U in cross-section, in every form in which programs write it.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <sstream>

#include "io/file.h"
#include "tests/support/shapes.h"
#include "tests/support/temporary_folder.h"
#include "tests/voxels/grids.h"
#include "voxels/image/image.h"
#include "voxels/mesh/mesh_reader.h"
#include "voxels/mesh/mesh_text.h"
#include "voxels/mesh/mesh_writer.h"

using namespace voxgrad;
using testing::error_of;
using testing::TemporaryFolder;
using testing::write_text;

namespace {

using Face = std::vector<int>;
const std::vector<Vec3> corners = [] {
  std::vector<Vec3> result;
  for (const double z : {0.0, 1.0}) {
    for (const auto& [x, y] : std::vector<std::pair<double, double>>{
             {0, 0}, {4, 0}, {4, 3}, {3, 3}, {3, 1}, {1, 1}, {1, 3}, {0, 3}}) {
      result.push_back({x, y, z});
    }
  }
  return result;
}();
const std::vector<Face> faces = [] {
  std::vector<Face> result{{7, 6, 5, 4, 3, 2, 1, 0}, {8, 9, 10, 11, 12, 13, 14, 15}};
  for (int i = 0; i < 8; ++i) result.push_back({i, (i + 1) % 8, (i + 1) % 8 + 8, i + 8});
  return result;
}();

double volume(const Mesh& mesh) {
  double sum = 0;
  for (const auto& [a, b, c] : mesh.triangles) {
    const Vec3 &p = mesh.vertices[a], &q = mesh.vertices[b], &r = mesh.vertices[c];
    sum += p[0] * (q[1] * r[2] - q[2] * r[1]) + p[1] * (q[2] * r[0] - q[0] * r[2]) +
           p[2] * (q[0] * r[1] - q[1] * r[0]);
  }
  return sum / 6;
}

// A solid with the right volume, each triangle wound outwards; 4*3 - 2*2 = 8.
void check_u(const std::string& file_name, const std::string& text) {
  const TemporaryFolder folder;
  write_text(folder / file_name, text);
  CAPTURE(file_name);
  CAPTURE(text.substr(0, 120));
  const Mesh mesh = read_mesh(folder / file_name);
  CHECK(mesh.triangles.size() == 28);
  CHECK(volume(mesh) == doctest::Approx(8));
}

struct OffStyle {
  std::string keyword = "OFF\n", counts_end = " 0\n", per_vertex = "", line_end = "\n", sign = "",
              between = " ";
};

std::string off(const OffStyle& style) {
  std::ostringstream text;
  text << style.keyword << corners.size() << " " << faces.size() << style.counts_end;
  for (const Vec3& v : corners) {
    for (const double x : v) text << style.sign << x << style.between;
    text << style.per_vertex << "\n";
  }
  for (const Face& face : faces) {
    text << face.size();
    for (const int corner : face) text << style.between << corner;
    text << "\n";
  }
  std::string result;
  for (const char c : text.str()) result += c == '\n' ? style.line_end : std::string(1, c);
  return result;
}

std::string ply(const std::string& header_start, const std::string& line_end = "\n") {
  std::ostringstream text;
  text
      << "ply\n"
      << header_start << "element vertex 16\nproperty double x\nproperty double y\n"
      << "property double z\nelement face 10\nproperty list uchar int vertex_indices\nend_header\n";
  for (const Vec3& v : corners) text << v[0] << " " << v[1] << " " << v[2] << "\n";
  for (const Face& face : faces) {
    text << face.size();
    for (const int corner : face) text << " " << corner;
    text << "\n";
  }
  std::string result;
  for (const char c : text.str()) result += c == '\n' ? line_end : std::string(1, c);
  return result;
}

// `corner` writes the index of a face's corner.
std::string obj(const std::string& start, const std::string& behind_index = "",
                const Vec3& offset = {}) {
  std::ostringstream text;
  text.precision(17);
  text << start;
  for (const Vec3& v : corners) {
    text << "v " << v[0] + offset[0] << " " << v[1] + offset[1] << " " << v[2] + offset[2] << "\n";
  }
  for (const Face& face : faces) {
    text << "f";
    for (const int corner : face) text << " " << corner + 1 << behind_index;
    text << "\n";
  }
  return text.str();
}

std::vector<std::array<Vec3, 3>> u_triangles() {
  const TemporaryFolder folder;
  write_text(folder / "u.obj", obj(""));
  const Mesh mesh = read_mesh(folder / "u.obj");
  std::vector<std::array<Vec3, 3>> result;
  for (const auto& [a, b, c] : mesh.triangles) {
    result.push_back({mesh.vertices[a], mesh.vertices[b], mesh.vertices[c]});
  }
  return result;
}

std::string text_stl(const std::string& solid, const std::string& facet, const std::string& loop,
                     const std::string& vertex, const std::string& line_end) {
  std::string text = solid;
  for (const auto& triangle : u_triangles()) {
    text += facet + " 0 0 0" + line_end + loop + line_end;
    for (const Vec3& v : triangle)
      text += concat(vertex, " ", v[0], " ", v[1], " ", v[2], line_end);
    text += "endloop" + line_end + "endfacet" + line_end;
  }
  return text + "endsolid" + line_end;
}

std::string binary_stl(std::uint32_t count, std::string header, std::uint16_t attribute = 0) {
  header.resize(80, ' ');
  const auto put = [&](std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) header += char(value >> (8 * i));
  };
  put(count, 4);
  for (const auto& triangle : u_triangles()) {
    for (int i = 0; i < 3; ++i) put(0, 4);
    for (const Vec3& v : triangle) {
      for (const double x : v) put(std::bit_cast<std::uint32_t>(float(x)), 4);
    }
    put(attribute, 2);
  }
  return header;
}

}  // namespace

TEST_CASE("numbers as programs write them") {
  CHECK(parse_number("+1") == 1);
  CHECK(parse_number("-.5") == -0.5);
  CHECK(parse_number("2.") == 2);
  CHECK(parse_number("1.5D+02") == 150);
  CHECK(parse_number("+1e-400") == 0);
  CHECK(parse_number("-1e400") == -INFINITY);
  CHECK(std::isnan(parse_number("1.#QNAN").value()));
  CHECK(std::isnan(parse_number("-1.#IND00").value()));
  CHECK(parse_number("-1.#INF") == -INFINITY);
  CHECK(parse_number("-1,5") == -1.5);
  for (const char* word :
       {"", "+", "+-1", "1,5,2", "1.5,2", ",", "x", "1x", "1.#", "d5", "1d", "--1", "0x10"}) {
    CAPTURE(word);
    CHECK((!parse_number(word) || std::string(word) == "1.#"));
  }
  CHECK(parse_integer("+7") == 7);
  CHECK_FALSE(parse_integer("7.0").has_value());
}

TEST_CASE("OFF: keywords, line ends, records over lines, a stream") {
  check_u("u.off", off({}));
  check_u("u.off", off({.line_end = "\r\n"}));
  check_u("u.off", off({.line_end = "\r"}));
  check_u("u.off", off({.keyword = "\xef\xbb\xbfOFF\n"}));
  check_u("u.off", off({.keyword = "off\n"}));
  check_u("u.off", off({.keyword = "OFF "}));
  check_u("u.off", off({.keyword = "OFF"}));
  check_u("u.off", off({.keyword = ""}));
  check_u("u.off", off({.keyword = "# made by hand\n\n"}));
  check_u("u.off", off({.sign = "+"}));
  check_u("u.off", off({.keyword = "NOFF\n", .per_vertex = "0 0 1"}));
  check_u("u.off", off({.keyword = "noff\n", .per_vertex = "0 0 1"}));
  check_u("u.off", off({.keyword = "CNOFF\n", .per_vertex = "0 0 1 255 0 0 255"}));
  check_u("u.off", off({.keyword = "STCNOFF\n", .per_vertex = "0 0 1 1 0 0 1 0.5 0.5"}));
  check_u("u.off", off({.keyword = "4OFF\n", .per_vertex = "1"}));
  check_u("u.off", off({.keyword = "nOFF 3\n"}));
  check_u("u.off", off({.counts_end = "\n"}));  // no number of edges
  // Numbers of a record on several lines.
  check_u("u.off", off({.between = "\n"}));
  check_u("u.off", off({.keyword = "STOFF\n", .per_vertex = "\n0.5 0.5\n"}));
  // All on one line.
  check_u("u.off", off({.line_end = " "}));
  const TemporaryFolder folder;
  write_text(folder / "5.off", "nOFF 5\n3 1 0\n0 0 0 0 0\n1 0 0 0 0\n0 1 0 0 0\n3 0 1 2\n");
  CHECK(error_of([&] { read_mesh(folder / "5.off"); }).find("three dimensions") !=
        std::string::npos);
  write_text(folder / "utf16.off", std::string("\xff\xfeO\0F\0F\0", 8));
  CHECK(error_of([&] { read_mesh(folder / "utf16.off"); }).find("UTF-8") != std::string::npos);
}

TEST_CASE("OFF: binary") {
  std::string bytes = "OFF BINARY\n";
  const auto put = [&](std::uint32_t value) {
    for (int i = 3; i >= 0; --i) bytes += char(value >> (8 * i));
  };
  for (const std::size_t count : {corners.size(), faces.size(), std::size_t{0}}) {
    put(std::uint32_t(count));
  }
  for (const Vec3& v : corners) {
    for (const double x : v) put(std::bit_cast<std::uint32_t>(float(x)));
  }
  for (const Face& face : faces) {
    put(std::uint32_t(face.size()));
    for (const int corner : face) put(std::uint32_t(corner));
    put(3);
    for (const float c : {1.0f, 0.0f, 0.5f}) put(std::bit_cast<std::uint32_t>(c));
  }
  check_u("u.off", bytes);
  const TemporaryFolder folder;
  write_text(folder / "u.off", bytes);
  CHECK(read_mesh(folder / "u.off").colors[3] == std::array<float, 3>{1, 0, 0.5f});
  write_text(folder / "cut.off", bytes.substr(0, bytes.size() - 9));
  CHECK(error_of([&] { read_mesh(folder / "cut.off"); }).find("fewer bytes") != std::string::npos);
}

TEST_CASE("PLY: line ends, order of the header, strips, old Windows' NaN") {
  check_u("u.ply", ply("format ascii 1.0\n"));
  check_u("u.ply", ply("format ascii 1.0\n", "\r\n"));
  check_u("u.ply", ply("format ascii 1.0\n", "\r"));
  check_u("u.ply", ply("comment by hand\nobj_info x\nmade by hand\nformat ascii 1.0\n"));
  const TemporaryFolder folder;
  // Two strips in one list; the second triangle of a strip is wound the other way.
  write_text(folder / "s.ply",
             "ply\nformat ascii 1.0\nelement vertex 6\nproperty float x\nproperty float y\n"
             "property float z\nelement tristrips 1\nproperty list int int vertex_indices\n"
             "end_header\n0 0 0\n1 0 0\n0 1 0\n1 1 0\n2 0 0\n1.#QNAN 0 1.#INF\n"
             "8 0 1 2 3 -1 1 4 3\n");
  const Mesh mesh = read_mesh(folder / "s.ply");
  REQUIRE(mesh.triangles.size() == 3);
  for (const auto& [a, b, c] : mesh.triangles) {
    const Vec3 &p = mesh.vertices[a], &q = mesh.vertices[b], &r = mesh.vertices[c];
    CHECK((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]) == doctest::Approx(1));
  }
  // A binary header that ends in CR, before data that begin with LF.
  const std::string head =
      "ply\rformat binary_little_endian 1.0\relement vertex 3\rproperty uchar x\r"
      "property uchar y\rproperty uchar z\relement face 1\r"
      "property list uchar uchar vertex_indices\rend_header\r";
  write_text(folder / "cr.ply", head + std::string("\n\0\0\0\n\0\0\0\0\3\0\1\2", 13));
  CHECK(read_mesh(folder / "cr.ply").bounds().high == Vec3{10, 10, 0});
}

TEST_CASE("STL: text and binary as programs write them") {
  check_u("u.stl", text_stl("solid\n", "facet normal", "outer loop", "vertex", "\n"));
  check_u("u.STL", text_stl("SOLID U\n", "FACET NORMAL", "OUTER LOOP", "VERTEX", "\n"));
  check_u("u.stl", text_stl("\n \t solid a b\n", "facet normal", "outer loop", "vertex", "\r\n"));
  check_u("u.stl",
          text_stl("solid facet of vertex 3\r", "facet normal", "outer loop", "vertex", "\r"));
  check_u("u.stl", binary_stl(28, "made by hand"));
  check_u("u.stl", binary_stl(28, "solid but binary"));
  check_u("u.stl", binary_stl(28, "made by hand") + "and a note behind");
  check_u("u.stl", binary_stl(28, std::string("solid\0x", 7)) + "behind");
  check_u("u.stl", binary_stl(0, "a count never written"));
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& text, const std::string& reason) {
    write_text(folder / "bad.stl", text);
    CHECK(error_of([&] { read_mesh(folder / "bad.stl"); }).find(reason) != std::string::npos);
  };
  refused(binary_stl(29, "one too many"), "promises 29 facets, and 28 follow");
  refused("solid x\nfacet normal 0 0 1\nouter loop\nvertex 0 0\nvertex 1 1 1\n", "'vertex' is no");
  refused("solid x\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\n", "cut off");
  refused("nothing", "neither text nor binary");
  write_text(folder / "viscam.stl", binary_stl(28, "x", 0x8000 | 31 << 10));
  CHECK(read_mesh(folder / "viscam.stl").colors[0] == std::array<float, 3>{1, 0, 0});
  write_text(folder / "magics.stl", binary_stl(28, "COLOR=abcd", 31));
  CHECK(read_mesh(folder / "magics.stl").colors[0] == std::array<float, 3>{1, 0, 0});
}

TEST_CASE("OBJ: details that a shape does not need never cost it") {
  check_u("u.obj", obj(""));
  check_u("u.obj", obj("\xef\xbb\xbf# BOM\n"));
  check_u("u.obj", obj("", "/1/1"));  // no vt, no vn
  check_u("u.obj", obj("", "//7"));
  check_u("u.obj", obj("vt .5\nvt\n", "/2"));
  check_u("u.obj", obj("mtllib none.mtl\nusemtl none\n"));
  check_u("u.obj", obj("vp 0 0\ncstype bezier\nfoo bar\ns off\n"));
  const TemporaryFolder folder;
  write_text(folder / "joined.obj",
             "v 0 0 \\\n0\nv +1 0 .0\nv 0 1. 0 # last\nf -3 \\\n -2 \\\n -1\n");
  CHECK(read_mesh(folder / "joined.obj").triangles.size() == 1);
  const auto refused = [&](const std::string& text, const std::string& reason) {
    write_text(folder / "bad.obj", text);
    CHECK(error_of([&] { read_mesh(folder / "bad.obj"); }).find(reason) != std::string::npos);
  };
  refused("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n", "line 4: a face uses vertex 4 of 3");
  refused("v 0 0 0\nf 1 0 1\n", "vertex 0 of 1");
  refused("v 0 0 0\nf 1 -2 1\n", "vertex -2 of 1");
  refused("v 0 zero 0\n", "'zero' is no number");
  refused("v 0 0\n", "three coordinates");
}

TEST_CASE("OBJ: coordinates far from the origin keep their bits") {
  const TemporaryFolder folder;
  write_text(folder / "utm.obj", obj("", "", {431234.567, 58.25, 4581234.321}));
  CHECK(
      volume(testing::moved(read_mesh(folder / "utm.obj"), {-431234.567, -58.25, -4581234.321})) ==
      doctest::Approx(8).epsilon(1e-8));
}

TEST_CASE("MTL: what is not understood is passed over; vertex colours in some objects only") {
  const TemporaryFolder folder;
  write_text(folder / "a b.mtl",
             "\xef\xbb\xbfnewmtl dark red\nNs ?\nKd .5 0 0\naniso 0\nanisor 0\nd -halo 0.5\n"
             "Kd x y z\nillum\nnewmtl plain\nmap_Kd none.png\n");
  write_text(folder / "a.obj",
             "mtllib a b.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1 1 0 0\nv 1 0 1 1 0 0\n"
             "v 0 1 1 1 0 0\nusemtl dark red\nf 1 2 3\nusemtl gone\nf 1 3 2\nf 4 5 6\n"
             "usemtl plain\nf 1 2 3\n");
  const Mesh mesh = read_mesh(folder / "a.obj");
  REQUIRE(mesh.colors.size() == 4);
  CHECK(mesh.colors[0] == std::array<float, 3>{0.5f, 0, 0});
  CHECK(mesh.colors[1][1] > 0.5f);  // grey
  CHECK(mesh.colors[2] == std::array<float, 3>{1, 0, 0});
  CHECK(mesh.colors[3] == mesh.colors[1]);
  REQUIRE(mesh.notes.size() == 1);
  CHECK(mesh.notes[0].find("none.png") != std::string::npos);
}

TEST_CASE("MTL: a picture gives the colour where Kd is black") {
  const TemporaryFolder folder;
  Image map(2, 1, 3);  // red on the left, blue on the right
  map.pixels = {255, 0, 0, 0, 0, 255};
  std::filesystem::create_directory(folder / "images");
  write_png(map, folder / "images/my map.png");
  write_text(folder / "a.mtl",
             "newmtl m\nKd 0 0 0\nmap_Kd -s 1 1 1 -clamp on images\\my map.png\n"
             "newmtl green\nKd 0 1 0\nmap_Kd images/my map.png\n");
  const std::string start =
      "mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0.1 0.5\nvt 0.2 0.5\nvt 0.9\n";
  write_text(folder / "a.obj", start +
                                   "usemtl m\nf 1/1 2/2 3/2\nf 1/3 2/3 3/3\nf 1 2 3\n"
                                   "usemtl green\nf 1/1 2/2 3/2\n");
  const Mesh mesh = read_mesh(folder / "a.obj");
  REQUIRE(mesh.colors.size() == 4);
  CHECK(mesh.colors[0] == std::array<float, 3>{1, 0, 0});
  CHECK(mesh.colors[1] == std::array<float, 3>{0, 0, 1});
  CHECK(mesh.colors[2] == std::array<float, 3>{0.5f, 0, 0.5f});
  CHECK(mesh.colors[3] == std::array<float, 3>{0, 1, 0});
  CHECK(mesh.notes.empty());
}

TEST_CASE("GLB: chunks that are not aligned; glTF: names with escapes, a byte-order mark") {
  const TemporaryFolder folder;
  write_mesh(testing::box({0, 0, 0}, {1, 2, 3}), folder / "box.glb");
  const std::vector<std::uint8_t> bytes = read_file(folder / "box.glb", 1 << 20);
  const std::size_t padded = bytes[12] + 256u * bytes[13], end = 20 + padded;
  std::size_t length = padded;
  while (bytes[20 + length - 1] == ' ') --length;
  const auto json = std::string(bytes.begin() + 20, bytes.begin() + std::ptrdiff_t(20 + length));
  for (const std::size_t more : {0u, 1u, 2u, 3u, 5u}) {
    std::string text = json + std::string(more, ' ');
    std::string glb(bytes.begin(), bytes.begin() + 12);
    for (int i = 0; i < 4; ++i) glb += char(text.size() >> (8 * i));
    glb += "JSON" + text + std::string(bytes.begin() + std::ptrdiff_t(end), bytes.end());
    write_text(folder / "unaligned.glb", glb);
    CAPTURE(more);
    CHECK(read_mesh(folder / "unaligned.glb").bounds().high == Vec3{1, 2, 3});
  }
  const std::string binary(bytes.begin() + std::ptrdiff_t(end + 8), bytes.end());
  write_text(folder / "my mesh 100%.bin", binary);
  std::string with_uri = json;
  const std::size_t buffer = with_uri.find("\"byteLength\"", with_uri.find("\"buffers\""));
  REQUIRE(buffer != std::string::npos);
  with_uri.insert(buffer, "\"uri\":\"my%20mesh%20100%.bin\",");
  write_text(folder / "a.gltf", "\xef\xbb\xbf" + with_uri);
  CHECK(read_mesh(folder / "a.gltf").triangles.size() == 12);
}

TEST_CASE("COLLADA: blanks around numbers, Windows' NaN, places far from the origin") {
  const TemporaryFolder folder;
  const auto dae = [](const std::string& numbers, const std::string& matrix) {
    return R"(<?xml version="1.0"?><!-- <float_array> in a comment -->
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
<library_effects><effect id="e"><profile_COMMON><technique sid="t"><phong><diffuse>
<color>  1 0 ,5  1 </color></diffuse></phong></technique></profile_COMMON></effect></library_effects>
<library_materials><material id="m"><instance_effect url="#e"/></material></library_materials>
<library_geometries><geometry id="g"><mesh><source id="p">
<float_array id="pa" count=" 12 ">)" +
           numbers + R"(</float_array><technique_common>
<accessor source="#pa" count=" 4" stride="3 "><param name="X" type="float"/>
<param name="Y" type="float"/><param name="Z" type="float"/></accessor></technique_common></source>
<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<triangles material="s" count=" 1 "><input semantic="VERTEX" source="#v" offset=" 0 "/><p>
 0 1 2 </p></triangles></mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene id="vs"><node id="n">)" +
           matrix + R"(<instance_geometry url="#g"><bind_material><technique_common>
<instance_material symbol="s" target="#m"/></technique_common></bind_material>
</instance_geometry></node></visual_scene></library_visual_scenes>
<scene><instance_visual_scene url="#vs"/></scene></COLLADA>)";
  };
  write_text(folder / "a.dae", dae("\n0\t+0 .0\n1. 0 0 0 2E+000 0 1.#QNAN 0 0 ", ""));
  const Mesh mesh = read_mesh(folder / "a.dae");
  CHECK(mesh.bounds().high == Vec3{1, 2, 0});
  CHECK(mesh.colors[0] == std::array<float, 3>{1, 0, 0.5f});
  write_text(folder / "utm.dae",
             dae("431234.25 58 4581234.5 431234.5 58 4581234.5 431234.25 58.125 4581234.5 0 0 0",
                 "<matrix>  2 0 0 0 0 2 0 0 0 0 2 1 0 0 0 1</matrix>"));
  CHECK(read_mesh(folder / "utm.dae").bounds().low == Vec3{862468.5, 116, 9162470});
  write_text(folder / "far.dae",
             dae("431234.25 58 4581234.5 431234.5 58 4581234.5 431234.25 58.125 4581234.5 "
                 "431234 58 4581234",
                 "<matrix>2 0 0 0 0 2 0 0 0 0 2 1 0 0 0 1</matrix>"));
  const Mesh::Bounds far = read_mesh(folder / "far.dae").bounds();
  CHECK(far.low == Vec3{862468.5, 116, 9162470});
  CHECK(far.high == Vec3{862469, 116.25, 9162470});
  write_text(folder / "bad.dae", dae("0 0 zero", ""));
  CHECK(error_of([&] { read_mesh(folder / "bad.dae"); }).find("'zero'") != std::string::npos);
}
