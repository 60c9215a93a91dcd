#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "io/file.h"
#include "tests/voxels/grids.h"
#include "voxels/mesh/mesh_writer.h"
#include "voxels/surface/block_surface.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

/// Two triangles with coordinates that need all digits.
Mesh sample_mesh() {
  Mesh mesh;
  mesh.vertices = {{0, 0, 0}, {1, 0, 0}, {1.0 / 3, 2, 0}, {0.25, 0.5, -1e-7}};
  mesh.triangles = {{0, 1, 2}, {0, 3, 1}};
  mesh.colors = {{1, 0.5f, 0}, {0, 0.2f, 1.5f}};
  return mesh;
}

std::string text_of(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

template <class T>
T value_at(const Bytes& bytes, std::size_t offset) {
  REQUIRE(offset + sizeof(T) <= bytes.size());
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

}  // namespace

TEST_CASE("OBJ keeps vertices exactly and counts from 1") {
  const Mesh mesh = sample_mesh();
  std::istringstream lines(text_of(encode_obj(mesh)));
  Mesh back;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    words >> key;
    if (key == "v") {
      Vec3 v;
      words >> v[0] >> v[1] >> v[2];
      back.vertices.push_back(v);
    } else if (key == "f") {
      std::array<std::uint32_t, 3> t;
      words >> t[0] >> t[1] >> t[2];
      back.triangles.push_back({t[0] - 1, t[1] - 1, t[2] - 1});
    } else {
      CHECK(key == "#");
    }
  }
  CHECK(back.vertices == mesh.vertices);
  CHECK(back.triangles == mesh.triangles);
}

TEST_CASE("PLY holds float32 vertices and faces with colours") {
  Mesh mesh = sample_mesh();
  const Bytes bytes = encode_ply(mesh);
  const std::string text = text_of(bytes), end = "end_header\n";
  CHECK(text.find("element vertex 4\n") != std::string::npos);
  CHECK(text.find("element face 2\n") != std::string::npos);
  const std::size_t vertices = text.find(end) + end.size(), faces = vertices + 4 * 12;
  CHECK(bytes.size() == faces + 2 * 16);
  CHECK(value_at<float>(bytes, vertices + 2 * 12) == 1.0f / 3);
  CHECK(bytes[faces] == 3);
  CHECK(value_at<std::uint32_t>(bytes, faces + 16 + 5) == 3);
  CHECK(Bytes(bytes.end() - 3, bytes.end()) == Bytes{0, 51, 255});
  mesh.colors.clear();
  CHECK(encode_ply(mesh).size() < bytes.size() - 6);
}

TEST_CASE("STL holds normals and corners") {
  const Bytes bytes = encode_stl(sample_mesh());
  REQUIRE(bytes.size() == 84 + 2 * 50);
  CHECK(text_of(bytes).substr(0, 5) != "solid");  // that would mean the text format
  CHECK(value_at<std::uint32_t>(bytes, 80) == 2);
  CHECK(value_at<float>(bytes, 84 + 8) == 1.0f);        // normal +z
  CHECK(value_at<float>(bytes, 84 + 12 + 12) == 1.0f);  // x of the second corner
}

TEST_CASE("GLB chunks, accessors and bounds fit together") {
  const Mesh mesh = block_surface(random_grid(4, 0.4, 2));
  const Bytes bytes = encode_glb(mesh);
  CHECK(text_of(bytes).substr(0, 4) == "glTF");
  CHECK(value_at<std::uint32_t>(bytes, 4) == 2);
  CHECK(value_at<std::uint32_t>(bytes, 8) == bytes.size());
  const std::size_t json_size = value_at<std::uint32_t>(bytes, 12);
  CHECK(json_size % 4 == 0);
  const auto json = nlohmann::json::parse(text_of(bytes).substr(20, json_size));
  const std::size_t binary = 20 + json_size + 8;
  CHECK(value_at<std::uint32_t>(bytes, binary - 8) == bytes.size() - binary);
  CHECK(json["buffers"][0]["byteLength"] == bytes.size() - binary);
  CHECK(json["accessors"][0]["count"] == mesh.vertices.size());
  CHECK(json["accessors"][1]["count"] == 3 * mesh.triangles.size());
  CHECK(json["accessors"][0]["max"][0].get<double>() == mesh.bounds().high[0]);
  const std::size_t indices = binary + json["bufferViews"][1]["byteOffset"].get<std::size_t>();
  CHECK(value_at<std::uint32_t>(bytes, indices + 4) == mesh.triangles[0][1]);
  CHECK(value_at<float>(bytes, binary + 12) == float(mesh.vertices[1][0]));
}

TEST_CASE("an empty mesh gives valid files") {
  CHECK(encode_obj(Mesh()).size() < 100);
  CHECK(encode_stl(Mesh()).size() == 84);
  const Bytes glb = encode_glb(Mesh());
  const auto json = nlohmann::json::parse(text_of(glb).substr(20));
  CHECK(json["asset"]["version"] == "2.0");
  CHECK(value_at<std::uint32_t>(glb, 8) == glb.size());
}

TEST_CASE("write_mesh chooses by suffix and refuses broken meshes") {
  const TemporaryFolder folder;
  Mesh mesh = sample_mesh();
  for (const char* name : {"a.obj", "a.ply", "a.STL", "a.glb"}) write_mesh(mesh, folder / name);
  CHECK(read_file(folder / "a.STL", 1000) == encode_stl(mesh));
  CHECK(read_file(folder / "a.obj", 1000) == encode_obj(mesh));
  CHECK_THROWS_AS(write_mesh(mesh, folder / "a.fbx"), ConfigError);
  mesh.triangles.push_back({0, 1, 4});
  CHECK_THROWS_AS(write_mesh(mesh, folder / "b.obj"), Error);
  mesh = sample_mesh();
  mesh.triangles[0][2] = 4;
  CHECK(error_of([&] { write_mesh(mesh, folder / "b.obj"); }).find("vertex 4") !=
        std::string::npos);
  mesh = sample_mesh();
  mesh.vertices[0][0] = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(write_mesh(mesh, folder / "b.obj"), Error);
  CHECK(!std::filesystem::exists(folder / "b.obj"));
}
