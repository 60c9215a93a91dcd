// Pictures of meshes, transparent pictures, and animated PNG.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "io/file.h"
#include "tests/voxels/grids.h"
#include "voxels/image/animation.h"
#include "voxels/render/mesh_picture.h"
#include "voxels/render/voxel_render.h"
#include "voxels/surface/block_surface.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

VoxelGrid table() {
  VoxelGrid grid(8);
  for (int x = 1; x < 7; ++x)
    for (int z = 1; z < 7; ++z) grid.at(x, 4, z) = 1;
  for (const int x : {1, 6})
    for (const int z : {1, 6})
      for (int y = 0; y < 4; ++y) grid.at(x, y, z) = 1;
  return grid;
}

const PictureOptions kSmall{.width = 64, .height = 64, .samples = 2};

}  // namespace

TEST_CASE("a mesh of blocks looks like the blocks themselves, but for their lines") {
  VoxelGrid grid = table();
  grid.translate = {5, -2, 1};
  grid.scale = 3;
  const Image blocks = draw_voxels(grid, kSmall),
              mesh = draw_mesh(block_surface(grid), grid, kSmall);
  REQUIRE(mesh.pixels.size() == blocks.pixels.size());
  double total = 0;
  for (std::size_t i = 0; i < mesh.pixels.size(); ++i)
    total += std::abs(int(mesh.pixels[i]) - int(blocks.pixels[i]));
  CHECK(total / double(mesh.pixels.size()) < 6);
  CHECK(draw_mesh(Mesh(), grid, kSmall).pixels == draw_voxels(VoxelGrid(8), kSmall).pixels);
}

TEST_CASE("colours of vertices are shown") {
  const VoxelGrid grid = table();
  Mesh mesh = block_surface(grid);
  mesh.vertex_colors.assign(mesh.vertices.size(), {1, 0, 0});
  const Image image = draw_mesh(mesh, grid, kSmall);
  const auto red = [&](int i) {
    return image.pixels[std::size_t(3 * i)] > 100 && image.pixels[std::size_t(3 * i + 1)] < 20;
  };
  int count = 0;
  for (int i = 0; i < 64 * 64; ++i) count += red(i);
  CHECK(count > 400);
}

TEST_CASE("a transparent picture over white is close to the one on white") {
  PictureOptions clear = kSmall, white = kSmall;
  clear.transparent = true;
  white.background = {255, 255, 255};
  const Image a = draw_voxels(table(), clear), b = draw_voxels(table(), white);
  REQUIRE(a.channels == 4);
  int shadows = 0, largest = 0;
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 64; ++x) {
      const std::uint8_t *p = a.at(x, y), *q = b.at(x, y);
      for (int c = 0; c < 3; ++c)
        largest = std::max(largest, std::abs((p[c] * p[3] + 255 * (255 - p[3])) / 255 - int(q[c])));
      shadows += p[3] > 10 && p[3] < 245 && p[0] == 0;
    }
  CHECK(a.at(0, 0)[3] == 0);
  CHECK(shadows > 20);
  CHECK(largest < 40);  // at edges viewers blend sRGB values, not light
  const Image nothing = draw_voxels(VoxelGrid(4), clear);
  CHECK(std::ranges::all_of(nothing.pixels, [](std::uint8_t v) { return v == 0; }));
}

TEST_CASE("an animated PNG has all its pictures, and readers without animation see the first") {
  const TemporaryFolder folder;
  std::vector<Image> frames;
  for (int i = 0; i < 3; ++i) {
    Image frame(20, 10, 4);
    std::ranges::fill(frame.pixels, std::uint8_t(50 * i + 50));
    frames.push_back(frame);
  }
  write_apng(frames, 80, folder / "a.apng");
  CHECK(read_image(folder / "a.apng").pixels == frames[0].pixels);
  const Bytes bytes = read_file(folder / "a.apng", 1 << 20);
  const std::string text(bytes.begin(), bytes.end());
  const auto count = [&](const std::string& part) {
    int found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      ++found;
    return found;
  };
  CHECK(count("acTL") == 1);
  CHECK(count("fcTL") == 3);
  CHECK(count("fdAT") == 2);
  CHECK(text.substr(text.size() - 8, 4) == "IEND");
  CHECK(text.find("acTL") < text.find("IDAT"));
  frames[1] = Image(20, 11, 4);
  CHECK(error_of([&] { encode_apng(frames, 80); }).find("picture 1") != std::string::npos);
  CHECK_THROWS_AS(encode_apng({}, 80), Error);
}
