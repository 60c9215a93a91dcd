#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>

#include "tests/voxels/grids.h"
#include "voxels/image/contact_sheet.h"
#include "voxels/render/voxel_ray.h"
#include "voxels/render/voxel_render.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

PictureOptions small_picture() {
  PictureOptions options;
  options.width = options.height = 64;
  options.samples = 2;
  return options;
}

bool is_block(const std::uint8_t* pixel) {
  return int(pixel[2]) - int(pixel[0]) > 30;
}

/// Share of the pixels in a rectangle that show blocks.
double block_share(const Image& image, int left, int right, int top, int bottom) {
  int blocks = 0;
  for (int y = top; y < bottom; ++y) {
    for (int x = left; x < right; ++x) blocks += is_block(image.at(x, y));
  }
  return double(blocks) / ((right - left) * (bottom - top));
}

double brightness(const std::uint8_t* pixel) {
  return pixel[0] + pixel[1] + pixel[2];
}

}  // namespace

TEST_CASE("pictures drawn together are those drawn alone") {
  VoxelGrid grid(8);
  grid.at(1, 2, 3) = grid.at(1, 3, 3) = grid.at(5, 0, 6) = 1;
  PictureOptions options = small_picture();
  const std::vector<double> azimuths{20, 140, 310};
  const std::vector<Image> together = draw_voxels(grid, options, azimuths);
  REQUIRE(together.size() == azimuths.size());
  for (std::size_t i = 0; i < azimuths.size(); ++i) {
    options.azimuth = azimuths[i];
    CHECK(together[i].pixels == draw_voxels(grid, options).pixels);
  }
  CHECK(together[0].pixels != together[1].pixels);
  CHECK(draw_voxels(VoxelGrid(8), options, azimuths).size() == 3);
}

TEST_CASE("rays find the first occupied voxel, compared with small steps") {
  const VoxelGrid grid = random_grid(6, 0.15, 4);
  const BlockScene scene(grid, 0.5);
  Rng rng(11);
  int hits = 0;
  for (int i = 0; i < 2000; ++i) {
    Ray ray;
    for (int a = 0; a < 3; ++a) {
      ray.origin[a] = rng.uniform(-6, 12);
      ray.direction[a] = rng.uniform(1, 5) - ray.origin[a] + rng.normal();
    }
    constexpr int steps = 20000;
    constexpr double reach = 4;
    std::array<int, 3> expected{-1, -1, -1}, voxel;
    const auto voxel_at = [&](double t) {
      for (int a = 0; a < 3; ++a) {
        voxel[a] = int(std::floor(ray.origin[a] + t * ray.direction[a]));
      }
      return voxel;
    };
    const auto start = voxel_at(0);
    bool left_start = false;
    double distance = 0;
    for (int k = 0; k < steps && expected[0] < 0; ++k) {
      distance = reach * k / steps;
      left_start |= voxel_at(distance) != start;
      if (left_start && scene.occupied(voxel)) expected = voxel;
    }
    const auto hit = scene.trace(ray);
    if (!hit) {
      CHECK(expected[0] < 0);
      continue;
    }
    ++hits;
    // Small steps may jump over a corner that the exact traversal meets.
    if (hit->voxel != expected) {
      CHECK((expected[0] < 0 || distance > hit->distance - 1e-3));
      continue;
    }
    CHECK(hit->distance == doctest::Approx(distance).epsilon(1e-2));
    const double plane = ray.origin[hit->axis] + hit->distance * ray.direction[hit->axis];
    CHECK(plane == doctest::Approx(hit->voxel[hit->axis] + (hit->positive ? 1 : 0)));
    CHECK((ray.direction[hit->axis] < 0) == hit->positive);
  }
  CHECK(hits > 500);
}

TEST_CASE("a picture shows blocks where they are") {
  VoxelGrid grid(4);
  PictureOptions options = small_picture();
  options.azimuth = 0;  // looks along -z: x grows to the right, y upwards
  for (int y = 0; y < 4; ++y) {
    for (int z = 0; z < 4; ++z) grid.at(0, y, z) = 1;
  }
  const Image left = draw_voxels(grid, options);
  CHECK(block_share(left, 8, 18, 16, 48) > 0.9);
  CHECK(block_share(left, 36, 64, 0, 64) == 0);
  // From behind, the same blocks are on the right.
  options.azimuth = 180;
  CHECK(block_share(draw_voxels(grid, options), 0, 28, 0, 64) == 0);
  // From +x they face the camera.
  options.azimuth = 90;
  CHECK(block_share(draw_voxels(grid, options), 12, 52, 20, 44) > 0.9);

  VoxelGrid top(4);
  top.at(2, 3, 2) = 1;
  options.azimuth = 0;
  CHECK(block_share(draw_voxels(top, options), 0, 64, 36, 64) == 0);
  CHECK(block_share(draw_voxels(top, options), 0, 64, 0, 36) > 0.02);
}

TEST_CASE("faces differ in brightness, the upper one is the brightest") {
  VoxelGrid grid(1);
  grid.at(0, 0, 0) = 1;
  PictureOptions options = small_picture();
  options.azimuth = 45;
  const Image image = draw_voxels(grid, options);
  const double top = brightness(image.at(32, 14)), left = brightness(image.at(18, 38)),
               right = brightness(image.at(46, 38));
  REQUIRE(is_block(image.at(32, 14)));
  REQUIRE(is_block(image.at(18, 38)));
  REQUIRE(is_block(image.at(46, 38)));
  CHECK(top > left + 20);
  CHECK(left > right + 20);
}

TEST_CASE("the ground is as light as the background far away, and darker in the shadow") {
  VoxelGrid grid(2);
  grid.at(0, 0, 0) = grid.at(1, 0, 0) = grid.at(0, 0, 1) = grid.at(1, 0, 1) = 1;
  PictureOptions options = small_picture();
  options.width = 1200;  // so wide that the ground's lit part ends within the picture
  options.elevation = 50;
  const double background = brightness(options.background.data());
  for (const double azimuth : {0, 90, 180, 270}) {  // the sun stands to the left of the camera
    CAPTURE(azimuth);
    options.azimuth = azimuth;
    const Image image = draw_voxels(grid, options);
    double darkest_left = background, darkest_right = background;
    for (int y = 0; y < image.height; ++y) {
      for (int x = 0; x < image.width / 2 - 80; ++x)
        darkest_left = std::min(darkest_left, brightness(image.at(x, y)));
      for (int x = image.width / 2 + 20; x < image.width; ++x)
        if (!is_block(image.at(x, y)))
          darkest_right = std::min(darkest_right, brightness(image.at(x, y)));
      CHECK(brightness(image.at(0, y)) == background);
      CHECK(brightness(image.at(image.width - 1, y)) == background);
    }
    CHECK(darkest_left > 0.9 * background);
    CHECK(darkest_right < 0.85 * background);
  }
}

TEST_CASE("the threshold decides what is drawn; an empty grid is plain background") {
  VoxelGrid grid(2);
  for (float& value : grid.values) value = 0.35f;
  PictureOptions options = small_picture();
  const Image empty = draw_voxels(grid, options);
  const auto& background = options.background;
  for (int i = 0; i < 64 * 64; ++i) {
    REQUIRE(std::equal(background.begin(), background.end(), empty.at(i % 64, i / 64)));
  }
  options.threshold = 0.3;
  CHECK(block_share(draw_voxels(grid, options), 24, 40, 24, 40) == 1);
}

TEST_CASE("a picture does not depend on the number of threads") {
  const VoxelGrid grid = random_grid(6, 0.3, 8);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Image one = draw_voxels(grid, small_picture());
  omp_set_num_threads(4);
  const Image four = draw_voxels(grid, small_picture());
  omp_set_num_threads(threads);
  CHECK(one.pixels == four.pixels);
}

TEST_CASE("bad picture options are refused") {
  PictureOptions options;
  options.width = 0;
  CHECK_THROWS_AS(draw_voxels(VoxelGrid(1), options), Error);
  options = {};
  options.samples = 0;
  CHECK_THROWS_AS(draw_voxels(VoxelGrid(1), options), Error);
  options = {};
  options.elevation = 90;
  CHECK_THROWS_AS(draw_voxels(VoxelGrid(1), options), Error);
  CHECK_THROWS_AS(draw_voxels(VoxelGrid(), {}), Error);
}

TEST_CASE("scaling keeps constants, averages when shrinking, interpolates when growing") {
  Image image(4, 2, 1);
  image.pixels = {0, 0, 200, 200, 0, 0, 200, 200};
  CHECK(resized(image, 4, 2).pixels == image.pixels);
  const Image wide = resized(image, 8, 2);
  CHECK(wide.pixels[0] == 0);
  CHECK(wide.pixels[3] == 50);
  CHECK(wide.pixels[4] == 150);
  CHECK(wide.pixels[7] == 200);
  CHECK(resized(image, 1, 1).pixels[0] == 100);
  Image constant(7, 5, 2);
  for (auto& value : constant.pixels) value = 91;
  for (const auto value : resized(constant, 3, 11).pixels) CHECK(value == 91);
}

TEST_CASE("a sheet places pictures in cells and blends transparent ones") {
  Image red(2, 4, 3), clear(4, 4, 4), grey(3, 3, 1);
  for (int i = 0; i < 8; ++i) red.pixels[std::size_t(3 * i)] = 255;
  for (auto& value : grey.pixels) value = 128;
  SheetOptions options;
  options.columns = 2;
  options.cell = 8;
  options.margin = 1;
  const Image sheet = contact_sheet(std::vector<Image>{red, clear, grey}, options);
  CHECK(sheet.width == 19);
  CHECK(sheet.height == 19);
  const auto is = [&](int x, int y, Color color) {
    return std::equal(color.begin(), color.end(), sheet.at(x, y));
  };
  CHECK(is(2, 4, {255, 255, 255}));  // beside the narrow picture
  CHECK(is(3, 1, {255, 0, 0}));
  CHECK(is(6, 8, {255, 0, 0}));
  CHECK(is(7, 8, {255, 255, 255}));
  CHECK(is(12, 4, {255, 255, 255}));  // transparent black
  CHECK(is(1, 10, {128, 128, 128}));
  CHECK(is(12, 12, {255, 255, 255}));  // no fourth picture
  CHECK_THROWS_AS(contact_sheet({}, options), Error);
}
