#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/support/shapes.h"
#include "tests/voxels/grids.h"
#include "voxels/mesh/corner_normals.h"
#include "voxels/render/mesh_render.h"

using namespace voxgrad;
using testing::box;
using testing::error_of;
using testing::joined;
using testing::sphere;

namespace {

// A box whose sides are red (-x), green (+x), grey (y), blue (-z), white (+z).
Mesh colored_box() {
  Mesh mesh = box({-1, -1, -1}, {1, 1, 1});
  const std::array<std::array<float, 3>, 6> colors{
      {{1, 0, 0}, {0, 1, 0}, {0.3f, 0.3f, 0.3f}, {0.3f, 0.3f, 0.3f}, {0, 0, 1}, {1, 1, 1}}};
  for (int i = 0; i < 12; ++i) mesh.colors.push_back(colors[i / 2]);
  return mesh;
}

struct Extent {
  int left = 1 << 20, right = -1, top = 1 << 20, bottom = -1;
};

Extent covered(const Image& image) {
  Extent e;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      if (image.at(x, y)[3] == 0) continue;
      e.left = std::min(e.left, x), e.right = std::max(e.right, x);
      e.top = std::min(e.top, y), e.bottom = std::max(e.bottom, y);
    }
  }
  return e;
}

Image middle_view(const Mesh& mesh, double azimuth, double elevation) {
  Camera camera;
  camera.azimuth = azimuth;
  camera.elevation = elevation;
  camera.distance = 5;
  return MeshRenderer(mesh).render(camera, 65);
}

}  // namespace

TEST_CASE("the azimuth goes from the front (+z) to +x") {
  const Mesh mesh = colored_box();
  const auto pixel = [&](double azimuth) {
    const Image image = middle_view(mesh, azimuth, 5);
    const std::uint8_t* p = image.at(32, 32);
    CHECK(p[3] == 255);
    return std::array<int, 3>{p[0], p[1], p[2]};
  };
  const auto front = pixel(0), right = pixel(90), back = pixel(180), left = pixel(270);
  CHECK(front[0] > 150);
  CHECK(front[0] == front[2]);
  CHECK(right[1] > right[0] + 60);
  CHECK(back[2] > back[0] + 60);
  CHECK(left[0] > left[1] + 60);
}

TEST_CASE("up is up, and right is right") {
  // From the front: a box to the right (+x), one on top.
  const Mesh right = joined(box({-1, -1, -1}, {1, 1, 1}), box({0.5, -1, 1}, {1, 1, 1.2}));
  const Mesh tower = joined(box({-1, -1, -1}, {1, 0, 1}), box({-0.2, 0, -0.2}, {0.2, 2, 0.2}));
  const Extent e = covered(middle_view(tower, 0, 0));
  const Image image = middle_view(tower, 0, 0);
  CHECK(image.at(32, e.top + 2)[3] == 255);
  CHECK(image.at(e.left + 2, e.top + 2)[3] == 0);
  CHECK(image.at(e.left + 2, e.bottom - 2)[3] == 255);
  CHECK(covered(middle_view(right, 0, 0)).right - 32 >=
        32 - covered(middle_view(right, 0, 0)).left);
}

TEST_CASE("coverage is alpha, and the background is nothing") {
  // A ball fills the expected share of the picture; its edge pixels are partly covered.
  Camera camera;
  camera.elevation = 20;
  camera.distance = 3;
  const Image image = MeshRenderer(sphere(1, 64)).render(camera, 101);
  double area = 0;
  int partial = 0;
  for (int i = 0; i < 101 * 101; ++i) {
    const std::uint8_t* p = &image.pixels[4 * i];
    area += p[3] / 255.0;
    partial += p[3] > 0 && p[3] < 255;
    if (p[3] == 0) CHECK(p[0] + p[1] + p[2] == 0);
    // Not premultiplied: an edge pixel is not darkened by the background.
    if (p[3] > 0) CHECK(p[0] > 60);
  }
  // The ball (radius 0.5 of the longest side) is seen under asin(0.5 / 3).
  const double radius =
      std::tan(std::asin(0.5 / 3)) / std::tan(12.5 * std::numbers::pi / 180) * 50.5;
  CHECK(area == doctest::Approx(std::numbers::pi * radius * radius).epsilon(0.01).scale(0));
  CHECK(partial > 100);
}

TEST_CASE("winding does not show, light does") {
  const Mesh ball = sphere(1, 32);
  const Image image = middle_view(ball, 40, 25),
              other = middle_view(testing::flipped(ball), 40, 25);
  int most = 0;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    most = std::max(most, std::abs(int(image.pixels[i]) - int(other.pixels[i])));
  }
  CHECK(most <= 2);
  const Extent e = covered(image);
  CHECK(image.at(32, e.top + 4)[0] > image.at(32, e.bottom - 4)[0] + 30);  // light comes from above
}

TEST_CASE("a wall hides as much of the sky from the floor beside it as it covers") {
  constexpr double height = 0.2;
  Mesh mesh =
      joined(box({-0.5, -0.02, -0.5}, {0.5, 0, 0.5}), box({-0.01, 0, -0.5}, {0.01, height, 0.5}));
  mesh.colors.assign(mesh.triangles.size(), {1, 1, 1});
  // Light from all around alone; a point from which nothing is seen of it keeps a quarter.
  RenderStyle style;
  style.lighting.key_strength = style.lighting.fill_strength = style.lighting.gloss_strength = 0;
  style.lighting.sky_strength = style.lighting.ground_strength = 1;
  constexpr int size = 110;  // 100 pixels per unit, from so far that the view is nearly parallel
  const Camera camera{.azimuth = 0,
                      .elevation = 89,
                      .distance = 10,
                      .field_of_view = 2 * std::atan(0.055) * 180 / std::numbers::pi};
  const Image image = MeshRenderer(mesh).render(camera, size, style);
  for (const double away : {0.035, 0.055, 0.085, 0.4}) {
    double light = 0;
    int count = 0;
    for (int y = 30; y < 80; ++y)
      for (const double side : {-1, 1}) {
        const int x = int(std::floor(size / 2 + side * 100 * (0.01 + away)));
        const double value = image.at(x, y)[0] / 255.0;
        light += value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
        ++count;
      }
    const double hidden =
        away < 0.35 ? (1 - away / std::hypot(away, height)) / 2 : 0;  // out of reach
    CAPTURE(away);
    CHECK(std::abs((1 - light / count) / 0.75 - hidden) < 0.03);
  }
}

TEST_CASE("fitting_distance puts the object just inside its share") {
  const Mesh mesh = joined(box({0, 0, 0}, {1, 3, 0.4}), box({0, 0, 0}, {2.5, 0.2, 1}));
  const MeshRenderer renderer(mesh);
  for (const double azimuth : {0.0, 77.0, 200.0, 311.0}) {
    Camera camera;
    camera.azimuth = azimuth;
    camera.elevation = 28;
    camera.distance = renderer.fitting_distance(camera, 120.0 / 200);
    const Extent e = covered(renderer.render(camera, 200));
    CHECK(e.left >= 40);
    CHECK(e.top >= 40);
    CHECK(e.right < 160);
    CHECK(e.bottom < 160);
    const int nearest = std::min({e.left - 40, e.top - 40, 159 - e.right, 159 - e.bottom});
    CHECK(nearest <= 2);
  }
}

TEST_CASE("thread counts give the same picture") {
  Camera camera;
  const MeshRenderer renderer(sphere(1, 16));
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const Image one = renderer.render(camera, 64);
  omp_set_num_threads(4);
  const Image four = renderer.render(camera, 64);
  omp_set_num_threads(before);
  CHECK(one.pixels == four.pixels);
}

TEST_CASE("corner normals are smooth over small angles and sharp over edges") {
  const std::vector<Vec3f> vertices{{0, 0, 0}, {1, 0, 0}, {0, 0, -1}, {1, 0.3f, 0}, {0, 1, 0}};
  // The first two are tilted by about 17 degrees (and wound differently), the third stands upright.
  const std::vector<std::array<std::uint32_t, 3>> triangles{{0, 1, 2}, {0, 2, 3}, {0, 1, 4}};
  const auto normals = corner_normals(vertices, triangles);
  CHECK(normals[0][0][1] < 0.999f);  // bent at the shared corner
  CHECK(normals[0][0][1] > 0.95f);
  CHECK(normals[2][0][2] == doctest::Approx(1));
}

TEST_CASE("render refuses what it cannot do") {
  const MeshRenderer renderer(box({0, 0, 0}, {1, 1, 1}));
  Camera inside;
  inside.distance = 0.5;
  CHECK(error_of([&] { renderer.render(inside); }).find("distance") != std::string::npos);
  Camera wide;
  wide.field_of_view = 190;
  CHECK(error_of([&] { renderer.render(wide); }).find("field of view") != std::string::npos);
  CHECK(error_of([&] { renderer.render(Camera{}, 0); }).find("size") != std::string::npos);
  CHECK(error_of([] { MeshRenderer(Mesh{}); }) != "");
}
