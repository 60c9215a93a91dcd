#include <doctest/doctest.h>

#include <limits>

#include "io/file.h"
#include "tests/voxels/grids.h"
#include "voxels/mesh/mesh.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t files_in(const std::filesystem::path& folder) {
  return std::size_t(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("a grid is stored [x][y][z] with z fastest") {
  VoxelGrid grid(3);
  CHECK(grid.values.size() == 27);
  CHECK(grid.index(1, 2, 0) == 15);
  grid.at(1, 2, 0) = 0.5f;
  CHECK(grid.values[15] == 0.5f);
  CHECK(grid.count() == 1);
  CHECK(grid.count(0.6) == 0);
  CHECK(grid.thresholded(0.5).at(1, 2, 0) == 1);
  CHECK(grid.thresholded(0.6).at(1, 2, 0) == 0);
  CHECK(contains(error_of([] { VoxelGrid(0); }), "resolution 0"));
  CHECK(contains(error_of([] { VoxelGrid(1 << 20); }), "resolution 1048576"));
}

TEST_CASE("IoU counts voxels at the threshold, the truth at 0.5") {
  VoxelGrid prediction(2), truth(2);
  CHECK(intersection_over_union(prediction, truth, 0.3) == 1);
  prediction.values = {0.3f, 0.29f, 0.9f, 0, 0.4f, 0, 0, 0};
  truth.values = {1, 1, 0, 0, 1, 0, 0, 0};
  CHECK(intersection_over_union(prediction, truth, 0.3f) == doctest::Approx(2.0 / 4));
  CHECK(intersection_over_union(prediction, truth, 0.35) == doctest::Approx(1.0 / 4));
  CHECK(intersection_over_union(prediction, truth, 0.95) == 0);
  truth.values[2] = 0.4f;  // empty for any threshold
  CHECK(intersection_over_union(prediction, truth, 0.35) == doctest::Approx(1.0 / 4));
  prediction.values[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK(intersection_over_union(prediction, truth, 0.3f) == doctest::Approx(1.0 / 4));
  CHECK(contains(error_of([&] { intersection_over_union(prediction, VoxelGrid(4), 0.3); }), "4^3"));
}

TEST_CASE("bounds of a mesh ignore vertices without triangles") {
  Mesh mesh;
  CHECK(contains(error_of([&] { mesh.bounds(); }), "no triangle"));
  mesh.vertices = {{0, 1, 2}, {3, 1, 2}, {0, 6, 2.5}, {100, 100, 100}};
  mesh.triangles = {{0, 1, 2}};
  CHECK(mesh.bounds().low == Vec3{0, 1, 2});
  CHECK(mesh.bounds().high == Vec3{3, 6, 2.5});
  CHECK(mesh.bounds().longest_side() == 5);
  mesh.triangles = {{0, 1, 4}};
  CHECK(contains(error_of([&] { mesh.bounds(); }), "vertex 4"));
}

TEST_CASE("files are written whole, and replaced") {
  const TemporaryFolder folder;
  const Bytes first{1, 2, 3}, second(100000, 7);
  write_file_atomically(folder / "a.bin", first);
  CHECK(read_file(folder / "a.bin", 3) == first);
  write_file_atomically(folder / "a.bin", second);
  CHECK(read_file(folder / "a.bin", 1 << 20) == second);
  write_file_atomically(folder / "empty.bin", {});
  CHECK(read_file(folder / "empty.bin", 0).empty());
  CHECK(files_in(folder.path()) == 2);  // no temporary file is left
}

TEST_CASE("file errors name the file and the reason, and leave nothing behind") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a.bin", Bytes(10));
  CHECK(contains(error_of([&] { read_file(folder / "a.bin", 9); }), "limit is 9"));
  CHECK(contains(error_of([&] { read_file(folder / "b.bin", 9); }), "No such file"));
  CHECK(contains(error_of([&] { read_file(folder.path(), 9); }), "is a folder"));
  CHECK(contains(error_of([&] { read_file("/dev/zero", 100000); }), "more than 100000"));
  CHECK(contains(error_of([&] { write_file_atomically(folder / "no/a.bin", Bytes(1)); }),
                 "does not exist"));
  CHECK(contains(error_of([&] { write_file_atomically(folder.path() / "", Bytes(1)); }),
                 "no file name"));
  std::filesystem::create_directory(folder / "c");
  write_file_atomically(folder / "c/inside", Bytes(1));
  CHECK(contains(error_of([&] { write_file_atomically(folder / "c", Bytes(1)); }), "a folder"));
  CHECK(files_in(folder.path()) == 2);
}
