// PASCAL3D+, ModelNet and ShapeNetCore in the forms in which they are shipped.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "datasets/modelnet/modelnet.h"
#include "datasets/open.h"
#include "datasets/pascal3d/pascal3d.h"
#include "datasets/shapenetcore/shapenetcore.h"
#include "tests/support/expect_error.h"
#include "tests/support/mat_writer.h"
#include "tests/support/published_sets.h"
#include "tests/support/source_tree.h"
#include "tests/support/temporary_folder.h"
#include "voxels/grid/fit.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

/// 255 where a rendered picture shows the object.
Image alpha_of(const Image& picture) {
  Image mask(picture.width, picture.height, 1);
  for (std::size_t i = 0; i < mask.pixels.size(); ++i)
    mask.pixels[i] = picture.pixels[i * 4 + 3] >= 128 ? 255 : 0;
  return mask;
}

/// 255 where a picture of write_pascal3d shows the object.
Image object_of(const Image& picture) {
  Image mask(picture.width, picture.height, 1);
  for (std::size_t i = 0; i < mask.pixels.size(); ++i)
    mask.pixels[i] = picture.pixels[i * 3] == 150 ? 255 : 0;
  return mask;
}

}  // namespace

TEST_CASE("published sets: all turns are turns, not mirror images") {
  CHECK(pascal3d_turn.determinant() == 1);
  CHECK(modelnet_turn.determinant() == 1);
  CHECK(shapenet_v2_turn.determinant() == 1);
  CHECK(AxisTurn{{1, 0, 2}, {1, 1, 1}}.determinant() == -1);
  CHECK(AxisTurn{{0, 1, 2}, {1, -1, 1}}.determinant() == -1);
}

TEST_CASE("pascal3d: an asymmetric object comes in R2N2's frame") {
  const TemporaryFolder folder;
  write_pascal3d(folder.path());
  for (const int n : {8, 32}) {
    const Pascal3dDataset dataset({.root = folder.path(), .n_vox = n});
    REQUIRE(dataset.size() == 4);
    for (std::int64_t i = 0; i < dataset.size(); ++i)
      CHECK(dataset.volume(i).values == asymmetric_grid(n).values);
    CHECK(dataset.volume_name(0) == (folder / "CAD/car/01.off").string());
  }
}

TEST_CASE("pascal3d: the largest object's box and camera, from 1-based pixels") {
  const TemporaryFolder folder;
  write_pascal3d(folder.path());
  const Pascal3dDataset dataset({.root = folder.path(), .n_vox = 32});
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const Image shown = object_of(dataset.view(i, 0));
    const std::optional<GridCamera> camera = dataset.camera(i, 0);
    REQUIRE(camera.has_value());
    CHECK(overlap_of(seen_through(*camera, dataset.volume(i), shown.width, shown.height), shown) >
          0.95);
    const std::optional<Box> box = dataset.box(i, 0);
    REQUIRE(box.has_value());
    int left = shown.width, bottom = 0;
    for (int y = 0; y < shown.height; ++y)
      for (int x = 0; x < shown.width; ++x)
        if (shown.at(x, y)[0]) left = std::min(left, x), bottom = std::max(bottom, y + 1);
    CHECK(box->left * shown.width == doctest::Approx(left));
    CHECK(box->bottom * shown.height == doctest::Approx(bottom));
  }
  // Coarse angles alone are no camera.
  const Pascal3dDataset test({.root = folder.path(), .split = "test", .n_vox = 8});
  REQUIRE(test.size() == 2);
  CHECK(test.camera(0, 0).has_value());
  CHECK_FALSE(test.camera(1, 0).has_value());
}

TEST_CASE("pascal3d: what is missing or damaged is named") {
  const TemporaryFolder folder;
  write_pascal3d(folder.path());
  const auto refusal = [&] {
    return error_of<DataError>([&] { const Pascal3dDataset d({.root = folder.path()}); });
  };
  const Pascal3dDataset dataset({.root = folder.path()});
  write_bytes(folder / "Annotations/car_imagenet/n02814533_10.mat",
              mat_file({mat_text("record", "none")}, false));
  CHECK(says(error_of<DataError>([&] { dataset.box(0, 0); }), "has no struct \"record\""));
  fs::remove(folder / "CAD/car/01.off");
  CHECK(says(error_of<DataError>([&] { dataset.volume(1); }), "01.off"));
  fs::remove(folder / "Images/car_pascal/2008_0001.jpg");
  CHECK(says(refusal(), "1 of 4 pictures"));
  CHECK(says(refusal(), "2008_0001"));
  fs::remove(folder / "dataset.json");
  CHECK(says(refusal(), "datasets/splits/Pascal3D.json"));
}

TEST_CASE("pascal3d: Pix2Vox's list has the published numbers of pictures") {
  std::size_t train = 0, test = 0;
  const Taxonomy list = read_taxonomy(in_source_tree("datasets/splits/Pascal3D.json"));
  for (const Category& category : list) {
    train += category.train.size();
    test += category.test.size();
  }
  CHECK(list.size() == 12);
  CHECK(train == 11045);
  CHECK(test == 10812);
}

TEST_CASE("modelnet: classes, splits, glued headers, z up") {
  const TemporaryFolder folder;
  write_modelnet(folder.path());
  const ModelNetDataset train({.root = folder.path(), .n_vox = 16});
  REQUIRE(train.size() == 4);
  CHECK(train.info(2).taxonomy_name == "night_stand");
  CHECK(train.info(3).object_id == "night_stand_0002");
  for (std::int64_t i = 0; i < train.size(); ++i)
    CHECK(train.volume(i).values == asymmetric_grid(16).values);
  CHECK(splits_of({.kind = "modelnet", .root = folder.path()}) ==
        std::vector<std::string>{"train", "test"});
  CHECK(says(error_of<DataError>(
                 [&] { const ModelNetDataset d({.root = folder.path(), .split = "val"}); }),
             "\"val\" has no objects"));
  CHECK(says(error_of<DataError>([&] { const ModelNetDataset d({.root = folder / "chair/test"}); }),
             "no class"));
}

TEST_CASE("modelnet: rendered views are of the same object, and the same each time") {
  const TemporaryFolder folder;
  write_modelnet(folder.path());
  const ModelNetDataset dataset({.root = folder.path(), .n_vox = 32});
  CHECK(dataset.view_count(0) == 24);
  for (const int view : {0, 1, 23}) {
    const Image picture = dataset.view(0, view);
    REQUIRE(picture.channels == 4);
    const std::optional<GridCamera> camera = dataset.camera(0, view);
    REQUIRE(camera.has_value());
    const Image seen = seen_through(*camera, dataset.volume(0), picture.width, picture.height);
    CHECK(overlap_of(seen, alpha_of(picture)) > 0.95);
    const ModelNetDataset again({.root = folder.path()});
    CHECK(again.view(0, view).pixels == picture.pixels);
  }
  CHECK(dataset.view(0, 0).pixels != dataset.view(1, 0).pixels);
  CHECK_THROWS_AS(dataset.view(0, 24), Error);
}

TEST_CASE("shapenetcore: v1 and v2, solid grids or meshes, JSON or CSV: one frame") {
  for (const bool v2 : {false, true})
    for (const bool solid : {false, true}) {
      const TemporaryFolder folder;
      write_shapenetcore(folder.path(), {.v2 = v2, .solid = solid, .csv = v2});
      for (const int n : {8, 16}) {
        const ShapeNetCoreDataset dataset({.root = folder.path(), .n_vox = n});
        REQUIRE(dataset.size() == 2);
        CHECK(dataset.volume(0).values == asymmetric_grid(n).values);
      }
      const ShapeNetCoreDataset dataset({.root = folder.path(), .split = "test"});
      const Image picture = dataset.view(0, 5);
      const std::optional<GridCamera> camera = dataset.camera(0, 5);
      REQUIRE(camera.has_value());
      CHECK(overlap_of(seen_through(*camera, dataset.volume(0), picture.width, picture.height),
                       alpha_of(picture)) > 0.95);
    }
}

TEST_CASE("shapenetcore: 3D-R2N2's pictures are taken; vanished objects are left out") {
  const TemporaryFolder folder;
  write_shapenetcore(folder.path(), {.pictures = true});
  const fs::path first = folder / "03001627/1006be65e7bc937e9141f9b58470d640";
  CHECK(ShapeNetCoreDataset({.root = folder.path()}).view_count(0) == 1);
  fs::remove_all(first);
  const ShapeNetCoreDataset dataset({.root = folder.path()});
  CHECK(dataset.size() == 1);
  CHECK(dataset.missing() == 1);
  fs::remove(folder / "dataset.json");
  CHECK(says(error_of<DataError>([&] { const ShapeNetCoreDataset d({.root = folder.path()}); }),
             "datasets/splits/ShapeNet.json"));
}

TEST_CASE("fit: the object's longest side spans the cube, the rest is centred") {
  VoxelGrid grid(64);
  grid.translate = {1, 2, 3};
  grid.scale = 4;
  for (int x = 10; x < 26; ++x)
    for (int y = 5; y < 37; ++y)
      for (int z = 40; z < 48; ++z) grid.at(x, y, z) = 1;
  const VoxelGrid fitted = fit_to_cube(grid, 16);
  const VoxelBox box = box_of(fitted);
  CHECK(box.low == std::array<int, 3>{4, 0, 6});
  CHECK(box.high == std::array<int, 3>{11, 15, 9});
  CHECK(fitted.count() == 8 * 16 * 4);
  CHECK(fitted.scale == doctest::Approx(2));
  CHECK(fitted.translate[1] == doctest::Approx(2 + 4 * 5.0 / 64));
  // Shares of a cell: a voxel of 64 is an eighth of one of 32.
  VoxelGrid thin(64);
  for (int y = 0; y < 64; ++y) thin.at(0, y, 0) = thin.at(63, y, 63) = thin.at(31, y, 31) = 1;
  CHECK(fit_to_cube(thin, 32, 0.25).count() == 3 * 32);
  CHECK(fit_to_cube(thin, 32, 0.3).count() == 3 * 32);  // else nothing would be left
  thin.at(0, 1, 1) = thin.at(1, 0, 0) = thin.at(0, 0, 1) = 1;
  CHECK(fit_to_cube(thin, 32, 0.4).count() == 1);
  CHECK_THROWS_AS(fit_to_cube(VoxelGrid(8), 4), Error);
}
