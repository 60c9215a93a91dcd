// Colours of triangles whose material is a picture, in glTF, GLB and COLLADA. (OBJ:
// test_mesh_formats.)
#include <doctest/doctest.h>

#include <cstring>

#include "io/file.h"
#include "tests/support/shapes.h"
#include "tests/support/temporary_folder.h"
#include "tests/voxels/grids.h"
#include "voxels/image/image.h"
#include "voxels/image/srgb.h"
#include "voxels/mesh/mesh_reader.h"

using namespace voxgrad;
using testing::TemporaryFolder;
using testing::write_text;

namespace {

using Color = std::array<float, 3>;
using Bytes = std::vector<std::uint8_t>;

// Red on the left, blue on the right.
Bytes red_and_blue(const std::string& file) {
  Image map(2, 1, 3);
  map.pixels = {255, 0, 0, 0, 0, 255};
  write_png(map, file);
  return read_file(file, 1 << 20);
}

// A triangle on the picture's left, then one on its right (u 0.1 to 0.2, 0.8 to 0.9).
Bytes corners() {
  const std::vector<float> numbers{0,    0,    0,    1,    0,    0,    0, 1, 0,  //
                                   0,    0,    1,    1,    0,    1,    0, 1, 1,  //
                                   0.1f, 0.5f, 0.2f, 0.5f, 0.1f, 0.5f,           //
                                   0.9f, 0.5f, 0.8f, 0.5f, 0.9f, 0.5f};
  Bytes bytes(numbers.size() * 4);
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

// A glTF document of two triangles. `buffer` and `image` are members of its buffer and image.
std::string document(const std::string& buffer, const std::string& image, const std::string& views,
                     const std::string& material, const std::string& attributes) {
  return R"({"asset":{"version":"2.0"},"scene":0,"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0}],
    "meshes":[{"primitives":[{"attributes":{"POSITION":0)" +
         attributes + R"(},"material":0}]}],
    "materials":[{"pbrMetallicRoughness":{"baseColorTexture":{"index":0})" +
         material + R"(}}],
    "textures":[{"source":0}],"images":[{)" +
         image + R"(}],"buffers":[{)" + buffer + R"(}],
    "bufferViews":[{"buffer":0,"byteLength":72},{"buffer":0,"byteOffset":72,"byteLength":48})" +
         views + R"(],
    "accessors":[{"bufferView":0,"componentType":5126,"count":6,"type":"VEC3","min":[0,0,0],
                  "max":[1,1,1]},{"bufferView":1,"componentType":5126,"count":6,"type":"VEC2"}]})";
}

const std::string placed = R"(,"TEXCOORD_0":1)";

}  // namespace

TEST_CASE("glTF: a picture beside the file, at the triangles and as a whole") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "maps");
  red_and_blue(folder / "maps/my map.png");
  write_file_atomically(folder / "a.bin", corners());
  const auto read = [&](const std::string& material, const std::string& attributes) {
    write_text(folder / "a.gltf",
               document(R"("uri":"a.bin","byteLength":120)", R"("uri":"maps/my%20map.png")", "",
                        material, attributes));
    return read_mesh(folder / "a.gltf");
  };
  const Mesh mesh = read("", placed);
  REQUIRE(mesh.colors.size() == 2);
  CHECK(mesh.colors[0] == Color{1, 0, 0});
  CHECK(mesh.colors[1] == Color{0, 0, 1});
  CHECK(mesh.notes.empty());
  // No coordinates: the mean of the picture.
  CHECK(read("", "").colors[1] == Color{0.5f, 0, 0.5f});
  // The factor is of linear light.
  const Mesh tinted = read(R"(,"baseColorFactor":[0.25,1,0.5,1])", placed);
  CHECK(tinted.colors[0][0] == doctest::Approx(srgb_from_linear(0.25)).epsilon(1e-5));
  CHECK(tinted.colors[0][2] == 0);
  CHECK(tinted.colors[1][2] == doctest::Approx(srgb_from_linear(0.5)).epsilon(1e-5));
}

TEST_CASE("glTF: a picture that cannot be read is noted, and the material's colour stays") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a.bin", corners());
  write_text(folder / "a.gltf", document(R"("uri":"a.bin","byteLength":120)", R"("uri":"none.png")",
                                         "", R"(,"baseColorFactor":[1,0,0,1])", placed));
  const Mesh mesh = read_mesh(folder / "a.gltf");
  CHECK(mesh.colors[0][0] == doctest::Approx(1));
  CHECK(mesh.colors[0][1] == 0);
  REQUIRE(mesh.notes.size() == 1);
  CHECK(mesh.notes[0].find("none.png") != std::string::npos);
}

TEST_CASE("GLB: a picture within the file") {
  const TemporaryFolder folder;
  Bytes binary = corners();
  const Bytes png = red_and_blue(folder / "map.png");
  std::filesystem::remove(folder / "map.png");
  binary.insert(binary.end(), png.begin(), png.end());
  while (binary.size() % 4 != 0) binary.push_back(0);
  std::string json =
      document(R"("byteLength":)" + std::to_string(binary.size()),
               R"("bufferView":2,"mimeType":"image/png")",
               R"(,{"buffer":0,"byteOffset":120,"byteLength":)" + std::to_string(png.size()) + "}",
               "", placed);
  while (json.size() % 4 != 0) json += ' ';
  std::string glb = "glTF";
  const auto add = [&](std::size_t value) {
    for (int i = 0; i < 4; ++i) glb += char(value >> (8 * i));
  };
  add(2);
  add(12 + 8 + json.size() + 8 + binary.size());
  add(json.size());
  glb += "JSON" + json;
  add(binary.size());
  glb += std::string("BIN\0", 4) + std::string(binary.begin(), binary.end());
  write_text(folder / "a.glb", glb);
  const Mesh mesh = read_mesh(folder / "a.glb");
  CHECK(mesh.colors[0] == Color{1, 0, 0});
  CHECK(mesh.colors[1] == Color{0, 0, 1});
  CHECK(mesh.notes.empty());
}

TEST_CASE("COLLADA: a picture in the place of a colour") {
  const TemporaryFolder folder;
  red_and_blue(folder / "my map.png");
  write_text(folder / "a.dae", R"(<?xml version="1.0"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
<library_images><image id="i"><init_from>my%20map.png</init_from></image></library_images>
<library_effects><effect id="e"><profile_COMMON>
<newparam sid="s"><surface type="2D"><init_from>i</init_from></surface></newparam>
<newparam sid="t"><sampler2D><source>s</source></sampler2D></newparam>
<technique sid="c"><phong><diffuse><texture texture="t" texcoord="UV"/></diffuse></phong>
</technique></profile_COMMON></effect></library_effects>
<library_materials><material id="m"><instance_effect url="#e"/></material></library_materials>
<library_geometries><geometry id="g"><mesh>
<source id="p"><float_array id="pa" count="9">0 0 0 1 0 0 0 1 0</float_array><technique_common>
<accessor source="#pa" count="3" stride="3"><param name="X" type="float"/>
<param name="Y" type="float"/><param name="Z" type="float"/></accessor></technique_common></source>
<source id="u"><float_array id="ua" count="4">0.1 0.5 0.9 0.5</float_array><technique_common>
<accessor source="#ua" count="2" stride="2"><param name="S" type="float"/>
<param name="T" type="float"/></accessor></technique_common></source>
<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<triangles material="s" count="2"><input semantic="VERTEX" source="#v" offset="0"/>
<input semantic="TEXCOORD" source="#u" offset="1" set="0"/><p>0 0 1 0 2 0 0 1 2 1 1 1</p>
</triangles></mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene id="vs"><node id="n">
<instance_geometry url="#g"><bind_material><technique_common>
<instance_material symbol="s" target="#m"/></technique_common></bind_material>
</instance_geometry></node></visual_scene></library_visual_scenes>
<scene><instance_visual_scene url="#vs"/></scene></COLLADA>)");
  const Mesh mesh = read_mesh(folder / "a.dae");
  REQUIRE(mesh.colors.size() == 2);
  CHECK(mesh.colors[0] == Color{1, 0, 0});
  CHECK(mesh.colors[1] == Color{0, 0, 1});
  CHECK(mesh.notes.empty());
}
