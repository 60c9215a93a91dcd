#include <doctest/doctest.h>

#include <cmath>

#include "io/file.h"
#include "tests/support/shapes.h"
#include "tests/support/temporary_folder.h"
#include "tests/voxels/grids.h"
#include "voxels/mesh/assimp_io.h"
#include "voxels/mesh/mesh_reader.h"
#include "voxels/mesh/mesh_writer.h"

using namespace voxgrad;
using testing::error_of;
using testing::TemporaryFolder;
using testing::write_text;

namespace {

const std::string square = "v 0 0 0\nv 2 0 0\nv 2 1 0\nv 0 1 0\n";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("OBJ: polygons become triangles, usemtl and Kd give their colours") {
  const TemporaryFolder folder;
  write_text(folder / "a.mtl", "newmtl red\nKd 1 0 0\nnewmtl dim\nKd 0.25 0.5 1.5\n");
  write_text(folder / "a.obj", "mtllib a.mtl\n" + square +
                                   "v 0 0 3\nusemtl red\nf 1 2 3 4\nusemtl dim\nf 1 2 5\n"
                                   "l 1 2\nf 1 1 2\n");
  const Mesh mesh = read_mesh(folder / "a.obj");
  REQUIRE(mesh.triangles.size() == 3);
  REQUIRE(mesh.colors.size() == 3);
  int red = 0;
  for (const auto& color : mesh.colors) {
    if (color == std::array<float, 3>{1, 0, 0}) {
      ++red;
    } else {
      CHECK(color == std::array<float, 3>{0.25f, 0.5f, 1});  // clamped
    }
  }
  CHECK(red == 2);
  CHECK(mesh.bounds().longest_side() == doctest::Approx(3));
}

TEST_CASE("OFF, and what the writers write, read back with the same extent") {
  const TemporaryFolder folder;
  write_text(folder / "a.off", "OFF\n4 2 0\n0 0 0\n2 0 0\n2 1 0\n0 1 0\n3 0 1 2\n3 0 2 3\n");
  CHECK(read_mesh(folder / "a.off").triangles.size() == 2);
  Mesh mesh = testing::box({0, 0, 0}, {1, 2, 5});
  mesh.colors.assign(12, {0.2f, 0.4f, 0.6f});
  for (const char* name : {"b.obj", "b.ply", "b.stl", "b.glb"}) {
    CAPTURE(name);
    write_mesh(mesh, folder / name);
    const Mesh back = read_mesh(folder / name);
    CHECK(back.triangles.size() == 12);
    CHECK(back.bounds().low == mesh.bounds().low);
    CHECK(back.bounds().high == mesh.bounds().high);
  }
}

TEST_CASE("PLY: vertex colours") {
  const TemporaryFolder folder;
  write_text(folder / "a.PLY",
             "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\n"
             "property float z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n"
             "element face 1\nproperty list uchar int vertex_indices\nend_header\n"
             "0 0 0 255 0 0\n1 0 0 0 0 0\n0 1 0 0 0 51\n3 0 1 2\n");
  const Mesh mesh = read_mesh(folder / "a.PLY");
  REQUIRE(mesh.colors.size() == 1);
  CHECK(mesh.colors[0][0] == doctest::Approx(1.0 / 3));
  CHECK(mesh.colors[0][1] == 0);
  CHECK(mesh.colors[0][2] == doctest::Approx(0.2 / 3));
}

TEST_CASE("PLY: both byte orders, colours of faces, other elements and properties") {
  const TemporaryFolder folder;
  const auto ply = [](const char* format, const std::string& data) {
    return std::string("ply\nformat ") + format +
           " 1.0\ncomment x\nelement vertex 4\nproperty short x\nproperty short y\n"
           "property uchar ignored\nproperty short z\nelement edge 1\n"
           "property list uchar short extra\nelement face 1\nproperty uchar red\n"
           "property uchar green\nproperty uchar blue\n"
           "property list uchar uchar vertex_index\nend_header\n" +
           data;
  };
  write_text(folder / "text.ply",
             ply("ascii", "0 0 9 0\n256 0 9 0\n256 1 9 0\n0 1 9 -1\n2 5 6\n51 0 255 4 0 1 2 3\n"));
  const std::string edge = {2, 0, 5, 0, 6}, face = {51, 0, '\xff', 4, 0, 1, 2, 3};
  using namespace std::string_literals;
  write_text(folder / "big.ply",
             ply("binary_big_endian", "\0\0\0\0\x9\0\0"s + "\1\0\0\0\x9\0\0"s + "\1\0\0\1\x9\0\0"s +
                                          "\0\0\0\1\x9\xff\xff"s + edge + face));
  write_text(
      folder / "little.ply",
      ply("binary_little_endian", "\0\0\0\0\x9\0\0"s + "\0\1\0\0\x9\0\0"s + "\0\1\1\0\x9\0\0"s +
                                      "\0\0\1\0\x9\xff\xff"s + edge + face));
  for (const char* name : {"text.ply", "big.ply", "little.ply"}) {
    CAPTURE(name);
    const Mesh mesh = read_mesh(folder / name);
    REQUIRE(mesh.triangles.size() == 2);
    CHECK(mesh.bounds().low == Vec3{0, 0, -1});
    CHECK(mesh.bounds().high == Vec3{256, 1, 0});
    CHECK(mesh.colors[1][0] == doctest::Approx(0.2));
    CHECK(mesh.colors[1][2] == 1);
  }
}

TEST_CASE("OFF: ModelNet's header, comments, colours") {
  const TemporaryFolder folder;
  write_text(folder / "a.off",
             "OFF3 2 0\r\n# corners\n0 0 0\n1 0 0 # x\n\n0 1.5 0\n3 0 1 2 0.5 0.25 1\n"
             "3 2 1 0 255 0 51\n");
  const Mesh mesh = read_mesh(folder / "a.off");
  REQUIRE(mesh.triangles.size() == 2);
  CHECK(mesh.bounds().high == Vec3{1, 1.5, 0});
  CHECK(mesh.colors[0] == std::array<float, 3>{0.5f, 0.25f, 1});
  CHECK(mesh.colors[1][2] == doctest::Approx(0.2));
  write_text(folder / "c.off",
             "COFF\n3 1 0\n0 0 0 255 0 0 255\n1 0 0 0 0 0 255\n0 1 0 0 0 0 255\n"
             "3 0 1 2\n");
  CHECK(read_mesh(folder / "c.off").colors[0][0] == doctest::Approx(1.0 / 3));
  const auto refused = [&](const std::string& text, const std::string& reason) {
    write_text(folder / "bad.off", text);
    CHECK(contains(error_of([&] { read_mesh(folder / "bad.off"); }), reason));
  };
  refused("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 77\n", "line 6: a face uses vertex 77 of 3");
  refused("OFF\n3 1 0\n0 0 0\n1 0 0\n", "fewer data");
  refused("OFF\n3 99999999999 0\n0 0 0\n", "count");
  refused("OFF\n3 1 0\n0 0 zero\n", "'zero' is no number");
  refused("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n4 0 1 2\n", "corners");
}

TEST_CASE("COLLADA: the up axis, colours and transforms") {
  const TemporaryFolder folder;
  write_text(folder / "a.dae", R"(<?xml version="1.0"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
<asset><up_axis>Z_UP</up_axis></asset>
<library_effects><effect id="e"><profile_COMMON><technique sid="t"><phong><diffuse>
<color>1 0 0.5 1</color></diffuse></phong></technique></profile_COMMON></effect></library_effects>
<library_materials><material id="m"><instance_effect url="#e"/></material></library_materials>
<library_geometries><geometry id="g"><mesh><source id="p">
<float_array id="pa" count="9">0 0 0 1 0 0 0 0 3</float_array><technique_common>
<accessor source="#pa" count="3" stride="3"><param name="X" type="float"/>
<param name="Y" type="float"/><param name="Z" type="float"/></accessor></technique_common></source>
<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<triangles material="s" count="1"><input semantic="VERTEX" source="#v" offset="0"/><p>0 1 2</p>
</triangles></mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene id="vs"><node id="n"><translate>0 0 1</translate>
<instance_geometry url="#g"><bind_material><technique_common>
<instance_material symbol="s" target="#m"/></technique_common></bind_material>
</instance_geometry></node></visual_scene></library_visual_scenes>
<scene><instance_visual_scene url="#vs"/></scene></COLLADA>)");
  const Mesh mesh = read_mesh(folder / "a.dae");
  REQUIRE(mesh.triangles.size() == 1);
  CHECK(mesh.bounds().low[1] == doctest::Approx(1));  // z became y
  CHECK(mesh.bounds().high[1] == doctest::Approx(4));
  CHECK(std::abs(mesh.bounds().high[2]) < 1e-12);
  CHECK(mesh.colors[0] == std::array<float, 3>{1, 0, 0.5f});
}

TEST_CASE("glTF: transforms of nodes, mirrored winding, linear colours") {
  const TemporaryFolder folder;
  // One triangle (0,0,0) (1,0,0) (0,1,0); the node mirrors x and moves by (5,6,7).
  const std::vector<float> corners{0, 0, 0, 1, 0, 0, 0, 1, 0};
  const auto* raw = reinterpret_cast<const std::uint8_t*>(corners.data());
  write_file_atomically(folder / "a.bin", {raw, 36});
  write_text(folder / "a.gltf", R"({"asset":{"version":"2.0"},"scene":0,"scenes":[{"nodes":[0]}],
    "nodes":[{"mesh":0,"scale":[-1,1,1],"translation":[5,6,7]}],
    "meshes":[{"primitives":[{"attributes":{"POSITION":0},"material":0}]}],
    "materials":[{"pbrMetallicRoughness":{"baseColorFactor":[0.2140411,0,1,1]}}],
    "buffers":[{"uri":"a.bin","byteLength":36}],
    "bufferViews":[{"buffer":0,"byteLength":36,"target":34962}],
    "accessors":[{"bufferView":0,"componentType":5126,"count":3,"type":"VEC3",
                  "min":[0,0,0],"max":[1,1,0]}]})");
  const Mesh mesh = read_mesh(folder / "a.gltf");
  REQUIRE(mesh.triangles.size() == 1);
  CHECK(mesh.bounds().low == Vec3{4, 6, 7});
  CHECK(mesh.bounds().high == Vec3{5, 7, 7});
  CHECK(mesh.colors[0][0] == doctest::Approx(0.5).epsilon(0.001).scale(0));  // sRGB of 0.2140411
  CHECK(mesh.colors[0][2] == doctest::Approx(1));
  // Still counter-clockwise seen from +z.
  const auto& [a, b, c] = mesh.triangles[0];
  const Vec3 &p = mesh.vertices[a], &q = mesh.vertices[b], &r = mesh.vertices[c];
  CHECK((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]) > 0);
}

TEST_CASE("meshes that cannot be used give an error that names the file") {
  const TemporaryFolder folder;
  CHECK(contains(error_of([&] { read_mesh(folder / "none.obj"); }), "none.obj"));
  CHECK(contains(error_of([&] { read_mesh(folder.path()); }), "not a regular file"));
  write_text(folder / "a.txt", "x");
  CHECK(contains(error_of([&] { read_mesh(folder / "a.txt"); }), ".obj .off"));
  write_text(folder / "empty.obj", "");
  CHECK(contains(error_of([&] { read_mesh(folder / "empty.obj"); }), "empty.obj"));
  write_text(folder / "points.obj", square);
  CHECK(contains(error_of([&] { read_mesh(folder / "points.obj"); }), "points.obj"));
  write_text(folder / "flat.obj", "v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n");
  CHECK(contains(error_of([&] { read_mesh(folder / "flat.obj"); }), "no triangle"));
  write_text(folder / "nan.obj", "v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n");
  CHECK(contains(error_of([&] { read_mesh(folder / "nan.obj"); }), "nan.obj"));
}

TEST_CASE("an archive may feed the reader, up to the cap") {
  const auto text = [](const std::string& s) {
    return std::vector<std::uint8_t>(s.begin(), s.end());
  };
  const FileLookup lookup = [&](const std::string& path) {
    std::optional<std::vector<std::uint8_t>> bytes;
    if (path == "x/a.obj") bytes = text("mtllib sub\\a.mtl\n" + square + "usemtl m\nf 1 2 3\n");
    if (path == "x/sub/a.mtl") bytes = text("newmtl m\nKd 0 1 0\n");
    return bytes;
  };
  const Mesh mesh = read_mesh("x/a.obj", lookup, "lib:x/a.obj");
  REQUIRE(mesh.colors.size() == 1);
  CHECK(mesh.colors[0] == std::array<float, 3>{0, 1, 0});
  LookupIo io(lookup, 50);
  CHECK(io.Open("x/sub/../a.obj", "rb") == nullptr);
  CHECK(contains(io.problem(), "MiB"));
  CHECK(io.Exists("x\\sub\\a.mtl"));
  Assimp::IOStream* stream = io.Open("x/sub/a.mtl", "rb");
  REQUIRE(stream != nullptr);
  char word[6] = {};
  CHECK(stream->Seek(7, aiOrigin_SET) == aiReturn_SUCCESS);
  CHECK(stream->Read(word, 1, 1) == 1);
  CHECK(std::string(word) == "m");
  CHECK(stream->Seek(1000, aiOrigin_CUR) == aiReturn_FAILURE);
  CHECK(stream->Tell() == 8);
  io.Close(stream);
  CHECK(contains(error_of([&] { read_mesh("no.obj", lookup, "lib:no.obj"); }), "lib:no.obj"));
}

TEST_CASE("damaged meshes never do worse than an error") {
  const TemporaryFolder folder;
  const Mesh mesh = testing::sphere(1, 4);
  for (const char* suffix : {".obj", ".ply", ".stl", ".glb", ".off"}) {
    CAPTURE(suffix);
    if (suffix == std::string(".off")) {
      write_text(folder / "a.off", "OFF\n4 2 0\n0 0 0\n2 0 0\n2 1 0\n0 1 0\n3 0 1 2\n3 0 2 3\n");
    } else {
      write_mesh(mesh, folder / (std::string("a") + suffix));
    }
    const auto bytes = read_file(folder / (std::string("a") + suffix), 1 << 20);
    const auto decode = [&](const testing::Bytes& damaged) {
      const FileLookup lookup = [&](const std::string& path) {
        std::optional<std::vector<std::uint8_t>> found;
        if (path == std::string("a") + suffix) found = damaged;
        return found;
      };
      read_mesh(std::string("a") + suffix, lookup, "damaged");
    };
    const testing::MutantCount cut = testing::decode_cut(bytes, 40, decode);
    CHECK(cut.refused > 0);
    testing::decode_flipped(bytes, 60, decode);
  }
}
