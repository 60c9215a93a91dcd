#include <doctest/doctest.h>

#include <fstream>

#include "tests/voxels/grids.h"
#include "voxels/grid/binvox.h"

using namespace voxgrad;
using testing::Bytes;
using testing::error_of;
using testing::random_grid;

namespace {

Bytes binvox(const std::string& header, const Bytes& runs) {
  Bytes bytes(header.begin(), header.end());
  bytes.insert(bytes.end(), runs.begin(), runs.end());
  return bytes;
}

const std::string kHeader2 =
    "#binvox 1\ndim 2 2 2\ntranslate -0.5 0 0.25\nscale 1.5\n"
    "data\n";

std::string error_of_runs(const Bytes& runs) {
  return error_of([&] { decode_binvox(binvox(kHeader2, runs), "a.binvox"); });
}

std::string error_of_header(const std::string& header) {
  return error_of([&] { decode_binvox(binvox(header, {0, 8}), "a.binvox"); });
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("binvox stores x, then z, then y") {
  // In file order the third voxel is x=0, z=1, y=0 and the sixth is x=1, z=0, y=1.
  const VoxelGrid grid =
      decode_binvox(binvox(kHeader2, {0, 2, 1, 1, 0, 2, 1, 1, 0, 2}), "a.binvox");
  CHECK(grid.n == 2);
  CHECK(grid.count() == 2);
  CHECK(grid.at(0, 0, 1) == 1);
  CHECK(grid.at(1, 1, 0) == 1);
  CHECK(grid.translate == std::array<double, 3>{-0.5, 0, 0.25});
  CHECK(grid.scale == 1.5);
}

TEST_CASE("binvox headers may hold comments and carriage returns") {
  const std::string header =
      "#binvox 1\r\n# made by hand\r\ndim 2 2 2\r\n# more\r\ntranslate 0 0 0\r\nscale "
      "1\r\ndata\r\n";
  CHECK(decode_binvox(binvox(header, {1, 8}), "a.binvox").count() == 8);
}

TEST_CASE("what the reference reader of binvox takes") {
  const Bytes runs{0, 4, 1, 2, 0, 2};
  const auto reads = [&](const std::string& header, const Bytes& data) {
    CAPTURE(header);
    const VoxelGrid grid = decode_binvox(binvox(header, data), "a.binvox");
    CHECK(grid.count() == 2);
    CHECK(grid.at(1, 0, 0) == 1);
    CHECK(grid.at(1, 1, 0) == 1);
    return grid;
  };
  reads("#binvox 2\ndim 2 2 2\ndata\n", {0, 4, 255, 1, 7, 1, 0, 2});
  reads("#binvox 1\ndim 2 2 2\ndata\n", {1, 0, 0, 4, 1, 2, 0, 0, 0, 2});  // runs of 0
  reads("#binvox 1\ndim 2 2 2\ndata\n", {0, 4, 1, 2, 0, 2, 0, 9, 1});     // bytes after it
  reads("#binvox 1\nmaker me\nsclae 1\n\n# x\ndim 2 2 2 # cells\ndata\n", runs);
  CHECK(reads("#binvox 1\nscale 2\n dim 2 2 2\nscale 3 mm\ndata \n", runs).scale == 3);
  CHECK(reads("#binvox 1\tby hand\ndim 4 4 4\ndim 2 2 2\r\ntranslate 1 2 3 m\ndata\n", runs)
            .translate == std::array<double, 3>{1, 2, 3});
}

TEST_CASE("asymmetric grids make the round trip exactly") {
  for (int seed = 0; seed < 200; ++seed) {
    VoxelGrid grid = random_grid(1 + seed % 13, 0.02 + 0.07 * (seed % 14), std::uint64_t(seed));
    Rng rng(99, {std::uint64_t(seed)});
    grid.translate = {rng.normal(), rng.normal(), rng.normal()};
    grid.scale = 0.1 + rng.uniform();
    const VoxelGrid back = decode_binvox(encode_binvox(grid), "round trip");
    CHECK(back.values == grid.values);
    CHECK(back.translate == grid.translate);
    CHECK(back.scale == grid.scale);
  }
}

TEST_CASE("runs longer than 255 are split, and the threshold decides") {
  VoxelGrid grid(16);
  for (float& value : grid.values) value = 0.4f;
  CHECK(decode_binvox(encode_binvox(grid, 0.3), "full").count() == 4096);
  CHECK(decode_binvox(encode_binvox(grid, 0.5), "empty").count() == 0);
}

TEST_CASE("runs that do not fill the grid exactly are refused") {
  CHECK(contains(error_of_runs({0, 7}), "7 of 8"));
  CHECK(contains(error_of_runs({0, 9}), "exceed"));
  CHECK(contains(error_of_runs({0, 4, 1}), "4 of 8"));
  CHECK(contains(error_of_runs({}), "cut off"));
}

TEST_CASE("bad binvox headers are refused with a reason") {
  CHECK(contains(error_of_header("#voxbin 1\ndim 2 2 2\ndata\n"), "#binvox"));
  CHECK(contains(error_of_header("data\ndim 2 2 2\n"), "#binvox"));
  CHECK(contains(error_of_header("#binvox 1\ndim 2 2 2\n"), "cut off"));
  CHECK(contains(error_of_header("#binvox 1\ndata\n"), "no line 'dim'"));
  CHECK(contains(error_of_header("#binvox 1\ndim 2 2\ndata\n"), "needs 3 numbers"));
  CHECK(contains(error_of_header("#binvox 1\ndim 2 2 4\ndata\n"), "only cubes"));
  CHECK(contains(error_of_header("#binvox 1\ndim -2 -2 -2\ndata\n"), "1..512"));
  CHECK(contains(error_of_header("#binvox 1\ndim 2.5 2.5 2.5\ndata\n"), "1..512"));
  CHECK(contains(error_of_header("#binvox 1\ndim 2 2 2\nscale nan\ndata\n"), "needs 1 number"));
  CHECK(contains(error_of_header("#binvox 1\ndim 2 2 2\nscale 0\ndata\n"), "positive"));
}

TEST_CASE("sizes that would exhaust memory are refused before allocation") {
  CHECK(contains(error_of_header("#binvox 1\ndim 99999 99999 99999\ndata\n"), "1..512"));
  CHECK(contains(error_of_header("#binvox 1\ndim 1e300 1e300 1e300\ndata\n"), "1..512"));
  CHECK(contains(error_of_header("#binvox 1\ndim 512 512 512\ndata\n"), "cannot fill"));
  CHECK(contains(error_of([] { encode_binvox(VoxelGrid(513)); }), "1..512"));
}

TEST_CASE("damaged binvox bytes give a grid or an error") {
  const Bytes bytes = encode_binvox(random_grid(8, 0.4, 3));
  const auto decode = [](const Bytes& mutant) {
    const VoxelGrid grid = decode_binvox(mutant, "mutant");
    CHECK(grid.values.size() == std::size_t(grid.n) * grid.n * grid.n);
  };
  CHECK(testing::decode_cut(bytes, 200, decode).accepted == 0);
  const auto flipped = testing::decode_flipped(bytes, 600, decode);
  CHECK(flipped.refused > 200);  // no checksum: flips in values, half of the bytes, go unseen
}

TEST_CASE("binvox files") {
  const testing::TemporaryFolder folder;
  const VoxelGrid grid = random_grid(5, 0.5, 1);
  write_binvox(grid, folder / "a.binvox");
  CHECK(read_binvox(folder / "a.binvox").values == grid.values);
  CHECK(contains(error_of([&] { read_binvox(folder / "b.binvox"); }), "b.binvox"));
}
