// pix2vox mesh, and the meshes of predict.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tensor/error.h"
#include "tests/apps/tiny_run.h"
#include "voxels/grid/binvox.h"
#include "voxels/grid/npy.h"
#include "voxels/mesh/mesh_reader.h"
#include "voxels/surface/mesh_report.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

/// Two bars that touch along an edge, and a speck.
VoxelGrid touching_bars() {
  VoxelGrid grid(8);
  for (int y = 0; y < 8; ++y) {
    grid.at(2, y, 2) = 0.9f;
    grid.at(3, y, 3) = 0.9f;
  }
  for (int y = 0; y < 8; ++y) grid.at(1, y, 2) = 0.6f;
  grid.at(7, 7, 7) = 1;
  return grid;
}

}  // namespace

TEST_CASE("mesh makes closed manifolds in every format, blocks and smooth") {
  const TemporaryFolder folder;
  write_npy(touching_bars(), folder / "bars.npy");
  for (const char* surface : {"blocks", "smooth"}) {
    const Ended ended = pix2vox({"mesh", folder / "bars.npy", "--surface", surface, "--out",
                                 folder / surface, "--format", "STL,obj,ply,glb", "--json", "-"});
    CHECK(ended.code == 0);
    const auto json = nlohmann::json::parse(ended.out);
    const auto& meshes = json["volumes"][0]["meshes"];
    REQUIRE(meshes.size() == 4);
    for (const auto& mesh : meshes) {
      CHECK(mesh["sound"] == true);
      CHECK(mesh["nonmanifold_edges"] == 0);
      CHECK(mesh["components"] == 3);
    }
    CHECK(meshes[0]["unit"] == "mm");
    CHECK(meshes[0]["size"][2].get<double>() == doctest::Approx(100));  // z is up
    CHECK(meshes[1]["unit"] == "");
    // Read again: vertices merged, all is still sound.
    for (const char* format : {"stl", "obj", "ply", "glb"}) {
      const MeshReport report =
          report_on(read_mesh(fs::path(folder / surface) / concat("bars.", format)));
      CHECK(report.sound());
      CHECK(report.components == 3);
    }
    CHECK(says(ended.err, "closed and manifold, 3 parts"));
  }
}

TEST_CASE("mesh keeps the largest parts, sizes, turns and decimates them") {
  const TemporaryFolder folder;
  write_binvox(touching_bars(), folder / "bars.binvox");
  const Ended ended = pix2vox({"mesh", folder / "bars.binvox", "--components", "largest",
                               "--size-mm", "40", "--up", "y", "--format", "stl,glb", "--json",
                               folder / "r.json", "--decimate", "0.5", "--surface", "smooth"});
  CHECK(ended.code == 0);
  CHECK(ended.out ==
        concat((folder / "bars.stl").string(), "\n", (folder / "bars.glb").string(), "\n"));
  const auto json = nlohmann::json::parse(read_text(folder / "r.json"));
  const auto& mesh = json["volumes"][0]["meshes"][0];
  CHECK(mesh["components"] == 1);
  CHECK(mesh["size"][1].get<double>() == doctest::Approx(40));
  // GLB is in metres; its report says millimetres, too.
  CHECK(json["volumes"][0]["meshes"][1]["size"][1].get<double>() == doctest::Approx(40));
  CHECK(read_mesh(folder / "bars.glb").bounds().longest_side() == doctest::Approx(0.04));
}

TEST_CASE("mesh --strict fails on thin walls, and says which file") {
  const TemporaryFolder folder;
  write_npy(touching_bars(), folder / "bars.npy");
  const auto mesh = [&](Arguments more) {
    more.insert(more.begin(), {"mesh", folder / "bars.npy", "--min-wall-mm"});
    return pix2vox(more);
  };
  CHECK(mesh({"10", "--strict"}).code == 0);  // a voxel has 12.5 mm
  CHECK(mesh({"15"}).code == 0);
  const Ended thin = mesh({"15", "--strict"});
  CHECK(thin.code == 1);
  CHECK(says(thin.err, "bars.stl: the thinnest part has 12,"));
  CHECK(fs::exists(folder / "bars.stl"));
  CHECK(refused(mesh({"15", "--format", "obj"}), 2, "--min-wall-mm needs millimetres"));
}

TEST_CASE("wrong calls of mesh") {
  const TemporaryFolder folder;
  write_npy(touching_bars(), folder / "bars.npy");
  const auto mesh = [&](Arguments more) {
    more.insert(more.begin(), "mesh");
    return pix2vox(more);
  };
  CHECK(refused(mesh({folder / "none.npy"}), 1, "none.npy"));
  CHECK(refused(mesh({folder / "bars.png"}), 2, "ends in .npy or .binvox"));
  write_npy(VoxelGrid(4), folder / "empty.npy");
  CHECK(refused(mesh({folder / "empty.npy"}), 1, "no voxel reaches 0.5"));
  CHECK(refused(mesh({folder / "bars.npy", "--components", "0"}), 2, "--components"));
  CHECK(refused(mesh({folder / "bars.npy", "--size-mm", "-3"}), 2, "above 0"));
  CHECK(refused(mesh({folder / "bars.npy", "--format", "fbx"}), 2, "unknown format 'fbx'"));
}

TEST_CASE("predict writes smooth meshes for printing and reports on them") {
  const TemporaryFolder folder;
  write_png(box_picture(4), folder / "box.png");
  const Ended ended = pix2vox({"predict", folder / "box.png", "--weights", tiny_run().weights,
                               "--out", folder / "out", "--format", "stl,obj", "--surface",
                               "smooth", "--threshold", "0.2", "--strict", "--json", "-"});
  CHECK(ended.code == 0);
  const auto json = nlohmann::json::parse(ended.out);
  const auto& meshes = json["objects"][0]["meshes"];
  REQUIRE(meshes.size() == 2);
  CHECK(meshes[0]["sound"] == true);
  CHECK(report_on(read_mesh(folder / "out/box.stl")).sound());
}
